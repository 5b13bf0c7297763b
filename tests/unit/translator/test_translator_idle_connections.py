"""Connections on which nothing comes hold up nobody: not the end of a service, not others that end."""

import contextlib
import selectors
import signal
import socket
import time
from collections import deque
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from gunicorn.workers import gthread

from translator.serving.worker import LAME_DUCK, DrainingWorker
from unit.translator.service_process import Services


def test_connections_that_never_send_anything_do_not_keep_a_service_from_ending() -> None:
    services = Services()
    with contextlib.ExitStack() as idle:
        try:
            service = services.start()
            service.wait_for("/readyz", 200)
            for _ in range(3):
                idle.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            service.wait_for("/livez", 200)  # later than the connections, so they have been accepted
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            # By itself gthread waits for them as long as for requests in flight: 32 seconds.
            assert service.process.wait(timeout=30) == 0
            assert time.monotonic() - began < LAME_DUCK + 12
        finally:
            services.end()


def test_each_idle_connection_has_two_seconds_from_its_own_last_answer() -> None:
    worker = DrainingWorker.__new__(DrainingWorker)
    worker.cfg, worker.pending_conns = SimpleNamespace(keepalive=75), deque()
    now = time.monotonic()
    idle_for = (74.0, 30.0, 0.5)
    worker.keepalived_conns = deque(SimpleNamespace(timeout=now + 75 - each) for each in idle_for)
    worker._cap_keepalive(now + gthread.STOP_KEEPALIVE_LINGER)
    left = [conn.timeout - now for conn in worker.keepalived_conns]
    assert left == sorted(left), "gthread looks at the first one only"
    assert [round(each, 1) for each in left] == [-28.0, 1.0, 1.5]


def test_peers_that_never_close_do_not_keep_others_waiting_for_the_end_of_their_answers() -> None:
    services = Services()
    with contextlib.ExitStack() as peers:
        try:
            service = services.start()
            service.wait_for("/readyz", 200)
            began = time.monotonic()
            connections = [
                peers.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=30))
                for _ in range(40)
            ]
            for peer in connections:
                peer.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            for peer in connections:
                while peer.recv(65_536):
                    pass
            # Four at a time, two seconds each, would be twenty.
            assert time.monotonic() - began < 12
        finally:
            services.end()


def test_a_connection_whose_request_is_still_on_its_way_at_the_end_is_waited_for_a_little() -> None:
    worker = DrainingWorker.__new__(DrainingWorker)
    worker.alive, worker.pending_conns = False, deque()
    ours, theirs = socket.socketpair()
    deferred: Future[Any] = Future()
    deferred.set_result(gthread._DEFER)
    with ours, theirs, selectors.DefaultSelector() as worker.poller:
        conn = SimpleNamespace(sock=ours, parser=None, timeout=0.0)
        worker._finish(conn, deferred)
        assert list(worker.pending_conns) == [conn]
        assert 0 < conn.timeout - time.monotonic() <= gthread.STOP_KEEPALIVE_LINGER
        theirs.sendall(b"GET")
        assert [key.fileobj for key, _ in worker.poller.select(5)] == [ours]
