"""Connections on which nothing comes hold up nobody: not the end of a service, not others that end."""

import contextlib
import signal
import socket
import time

from translator.server import LAME_DUCK
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
            # As long as for requests in flight would be 32 seconds.
            assert service.process.wait(timeout=30) == 0
            assert time.monotonic() - began < LAME_DUCK + 12
        finally:
            services.end()


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
