"""Who closes an idle connection first, and what to type when it is the service."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from relctl.config.gates import KeepAliveSettings
from relctl.config.versions import Contract
from relctl.probe.idle import Held, Idle, hold
from relctl.probe.service import Service, UnreachableError
from relctl.verify.gates.keep_alive import held_for, judge, keep_alive

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%s\r\nok"
LIMIT, LONG = 0.5, 10.0  # seconds


def leaves_open(connection: socket.socket) -> None:
    connection.recv(1000)


def closes(connection: socket.socket) -> None:
    """As a service does whose own time is over."""


def says_408(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


@contextmanager
def service(
    then: Callable[[socket.socket], None], after: float, headers: bytes = b"", limit: float = LIMIT
) -> Iterator[Service]:
    """A service that answers each connection once; `after` so many seconds it does that with it."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.recv(1000)
            connection.sendall(ANSWER % headers)
            time.sleep(after)
            then(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with server:
        yield Service(f"127.0.0.1:{server.getsockname()[1]}", Contract(port=8000, keep_alive=f"{limit}s"))
        server.shutdown(socket.SHUT_RDWR)  # else who waits for the next one waits for ever


def verdict(found: Service) -> Any:
    def anew(seconds: float) -> Idle:
        return Idle(found, ("/readyz", "/version"), seconds)

    trial = SimpleNamespace(
        candidate=SimpleNamespace(service=found), idle=anew, idle_anew=anew, say=lambda _: None
    )
    return keep_alive(cast("Any", trial), KeepAliveSettings(gate="keep-alive"))


@pytest.mark.parametrize(
    ("then", "after", "headers", "outcome"),
    [
        (leaves_open, 0.0, b"", "pass"),
        (closes, 2 * LIMIT, b"", "pass"),
        (closes, 0.0, b"Connection: close\r\n", "pass"),
        (closes, 0.25, b"", "fail"),
        (resets, 0.25, b"", "fail"),
        (says_408, 0.25, b"", "fail"),
        (closes, 0.0, b"", "fail"),
    ],
    ids=("open", "later", "said", "early", "reset", "408", "at once"),
)
def test_a_service_that_closes_before_its_contract_says_fails(
    then: Callable[[socket.socket], None], after: float, headers: bytes, outcome: str
) -> None:
    limit = LONG if outcome == "fail" else LIMIT  # to be early is to be so on a machine that stalls too
    with service(then, after, headers, limit) as found:
        began = time.monotonic()
        judged = verdict(found)
    assert (judged.outcome, judged.figures["limit_seconds"]) == (outcome, limit)
    assert time.monotonic() - began < LONG, "what has closed was waited for"


def test_the_words_say_who_closed_when_and_what_to_type() -> None:
    found = judge([Held("/readyz", 2.04, closed=True), Held("/version", 5.0, closed=False)], 5.0)
    assert "closed an idle connection 2.0 s after its answer to /readyz" in found.reason
    assert "uvicorn --timeout-keep-alive 75" in found.reason
    assert found.reason.endswith("or set contract.keep_alive: 2s")
    assert found.figures == {"seconds": {"/readyz": 2.04, "/version": 5.0}, "limit_seconds": 5.0}


@pytest.mark.parametrize(("seconds", "outcome"), [(4.89, "fail"), (4.91, "pass"), (5.0, "pass")])
def test_what_closes_at_its_limit_keeps_it(seconds: float, outcome: str) -> None:
    assert judge([Held("/", seconds, closed=True)], 5.0).outcome == outcome


def test_a_worker_that_is_replaced_meanwhile_is_no_fault() -> None:
    with service(closes, 0.1) as early, service(leaves_open, 0.0) as late:
        first, then = (Idle(each, ("/readyz",), LIMIT) for each in (early, late))
        trial = SimpleNamespace(
            candidate=SimpleNamespace(service=late),
            idle=lambda _: first,
            idle_anew=lambda _: then,
            say=lambda _: None,
        )
        assert keep_alive(cast("Any", trial), KeepAliveSettings(gate="keep-alive")).outcome == "pass"


@pytest.mark.parametrize(("promised", "held"), [("75s", 10.0), ("5s", 5.0), ("0s", 0.0)])
def test_what_is_promised_beyond_any_use_is_not_waited_for(promised: str, held: float) -> None:
    service = Service("127.0.0.1:1", Contract(port=8000, keep_alive=promised))
    trial = SimpleNamespace(candidate=SimpleNamespace(service=service))
    assert held_for(cast("Any", trial), KeepAliveSettings(gate="keep-alive")) == held


def test_who_does_not_answer_is_no_pass() -> None:
    nobody = Service("127.0.0.1:1", Contract(port=8000))
    with pytest.raises(UnreachableError):
        hold(nobody, "/readyz", 0.1)
    with pytest.raises(UnreachableError):
        Idle(nobody, ("/readyz", "/version"), 0.1).result()
