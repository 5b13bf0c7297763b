"""With a request in every thread's hands, work is refused and probes are answered at once."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from translator.app import create_app
from translator.batching.queue import QueueFullError
from unit.translator.applications import make_parts
from unit.translator.served import served

BODY = json.dumps({"text": "今天天气真好。"}).encode()
HEAD = b"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
THREADS = 3


@dataclass
class Waiting:
    """A translator that has every request wait until `released`."""

    is_full: bool = False
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    released: threading.Event = field(default_factory=threading.Event)

    def require_room(self, *, crowded: bool) -> None:
        if crowded or self.is_full:
            raise QueueFullError(1)

    @contextmanager
    def admit(self, _: int) -> Iterator[Callable[[Sequence[str]], list[str]]]:
        self.begun.release()
        assert self.released.wait(60)
        yield lambda sentences: [sentence.upper() for sentence in sentences]


@dataclass
class Stand:
    """A served application, and its translator."""

    port: int
    translator: Waiting
    open: contextlib.ExitStack

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return self.open.enter_context(contextlib.closing(connection))

    def dial(self) -> socket.socket:
        return self.open.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=60))

    def ask(self, path: str) -> int:
        return answer(self.connect(), path).status

    def fill(self) -> list[http.client.HTTPConnection]:
        """Give every thread a request."""
        callers = [self.connect() for _ in range(THREADS)]
        for caller in callers:
            caller.request("POST", "/translate", BODY, {"Content-Type": "application/json"})
            assert self.translator.begun.acquire(timeout=60)
        return callers


@pytest.fixture
def stand() -> Iterator[Stand]:
    parts = make_parts(threads=THREADS, queue_requests=2)
    translator = Waiting()
    parts.lifecycle.become_ready(cast("Any", translator))
    with contextlib.ExitStack() as opened, served(create_app(parts), parts) as port:
        try:
            yield Stand(port, translator, opened)
        finally:
            translator.released.set()
            opened.close()


def answer(connection: http.client.HTTPConnection, path: str = "") -> http.client.HTTPResponse:
    if path:
        connection.request("GET", path)
    else:
        connection.request("POST", "/translate", BODY, {"Content-Type": "application/json"})
    return connection.getresponse()


def test_a_kept_connection_is_refused_again_and_again_while_no_thread_is_free(stand: Stand) -> None:
    callers = stand.fill()
    connection = stand.connect()
    for _ in range(20):
        found = answer(connection)
        problem = json.load(found)
        assert (found.status, found.headers["Retry-After"]) == (503, "1")
        assert found.headers["X-Request-Id"]
        assert found.headers["X-Content-Type-Options"] == "nosniff"
        assert problem["detail"] == "The service is busy; try again in a moment."
    assert stand.ask("/readyz") == stand.ask("/livez") == 200
    stand.translator.released.set()
    assert {caller.getresponse().status for caller in callers} == {200}
    assert answer(stand.connect()).status == 200


def test_what_was_refused_is_counted_like_all_else(stand: Stand) -> None:
    stand.fill()
    for _ in range(5):
        assert answer(stand.connect()).status == 503
    stand.translator.released.set()
    text = answer(stand.connect(), "/metrics").read().decode()
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parse(text)
        for sample in family.samples
    }
    assert values["translator_http_requests_total", "/translate", "503", "POST"] == 5


def test_a_full_queue_refuses_before_the_body_is_there(stand: Stand) -> None:
    stand.translator.is_full = True
    slow = stand.dial()
    slow.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
    assert slow.recv(12) == b"HTTP/1.1 503"


def test_a_request_that_comes_in_parts_is_not_lost_meanwhile(stand: Stand) -> None:
    stand.fill()
    slow = stand.dial()
    whole = HEAD + b"Content-Length: 4\r\n\r\n"
    for piece in (whole[:30], whole[30:60], whole[60:], b"nu"):
        slow.sendall(piece)
        assert stand.ask("/readyz") == 200
    slow.sendall(b"ll")
    assert slow.recv(12) == b"HTTP/1.1 503"


def test_half_sent_requests_hold_no_thread(stand: Stand) -> None:
    stand.translator.released.set()
    for part in (
        HEAD[:10],
        HEAD,
        HEAD + b"Content-Length: 4\r\n\r\n",
        HEAD + b"Content-Length: 4\r\n\r\nnul",
    ):
        for _ in range(2 * THREADS):
            stand.dial().sendall(part)
    began = time.monotonic()
    assert answer(stand.connect()).status == 200
    assert time.monotonic() - began < 5


def test_who_goes_in_the_middle_of_a_request_costs_nothing(stand: Stand) -> None:
    stand.translator.released.set()
    whole = HEAD + b"Content-Length: 4\r\n\r\n"
    for part in (b"", whole[:10], whole[:60], whole, whole + b"nul"):
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", stand.port), timeout=60) as short:
                short.sendall(part)
    assert stand.ask("/readyz") == 200
    began = time.process_time()
    time.sleep(1)
    assert time.process_time() - began < 0.5
