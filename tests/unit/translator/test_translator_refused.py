"""Whoever is refused gets the answer, however much is still to be sent; slow senders hold up nobody."""

import contextlib
import select
import signal
import socket
import time
from collections.abc import Iterator
from itertools import repeat

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from refused_parts.clients import Client, spend
from refused_parts.kinds import KINDS, SETTINGS, Kind, credential
from translator.serving.body import MOST
from unit.translator.clean_service import clean_service
from unit.translator.service_process import Service, Services

MEGABYTE = b" " * 1024**2
# More than a connection's buffers hold, so a client is still sending when it has been answered.
LONG = 12 * 1024**2
HEAD = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD.replace(b"/nowhere", b"/translate") + b"Transfer-Encoding: chunked\r\n"
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
FAILED = b"GET /livez HTTP/1.1\r\nBROKEN\r\n\r\n"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with clean_service(**SETTINGS) as started:
        spend(started.port)
        yield started


@contextlib.contextmanager
def connected(service: Service) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        yield connection


def sized(length: int, more: bytes = b"") -> bytes:
    return HEAD + more + b"Content-Length: %d\r\n\r\n" % length


def as_caller(name: str) -> bytes:
    return "".join(f"{field}: {value}\r\n" for field, value in credential(name).items()).encode()


def answers(connection: socket.socket, number: int) -> list[tuple[int, str]]:
    """The status of each, and what becomes of the connection."""
    return [read_answer(connection) for _ in range(number)]


def read_answer(connection: socket.socket) -> tuple[int, str]:
    """Reads no byte that belongs to the next one."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += some(connection, 1)
    fields = dict(line.lower().split(": ") for line in head.decode().split("\r\n")[1:-2])
    left = int(fields.get("content-length", 0))
    while left:
        left -= len(some(connection, left))
    return int(head.split()[1]), fields.get("connection", "keep-alive")


def some(connection: socket.socket, most: int) -> bytes:
    received = connection.recv(most)
    assert received, "the answer is cut off"
    return received


def all_sent(service: Service, head: bytes, body: bytes, times: int = 1) -> tuple[int, str]:
    """The answer to a client that reads nothing before it has sent everything."""
    with connected(service) as connection:
        connection.sendall(head)
        for piece in repeat(body, times):
            connection.sendall(piece)
        found = read_answer(connection)
        if found[1] == "close":
            assert connection.recv(1) == b""
        return found


@pytest.mark.parametrize("keep_alive", [True, False], ids=["kept", "closed"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.status))
def test_who_sends_it_all_and_then_reads_gets_the_refusal(
    kind: Kind, keep_alive: bool, service: Service
) -> None:
    with contextlib.closing(Client(service.port, keep_alive)) as client:
        for number, size in enumerate((1_000, LONG, 70_000)):
            headers = {**kind.headers, **(kind.headers_of(number))}
            if kind.caller is None:
                headers |= credential(f"{kind.status} {keep_alive} {number}")
            assert client.ask(kind.method, kind.path, kind.body(size), headers) == kind.status
        assert client.ask("GET", "/livez", b"", {}) == 200


def test_a_connection_on_which_a_body_was_refused_is_used_again(service: Service) -> None:
    connection = service.connect()
    for path, status in (("/nowhere", 404), ("/livez", 405), ("/nowhere", 404)):
        connection.request("POST", path, b"x" * LONG)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.headers["Connection"]) == (status, None)
        first = connection.sock
    connection.request("GET", "/livez")
    assert connection.getresponse().status == 200
    assert connection.sock is first


@pytest.mark.parametrize("length", [0, 1, 8_000, 70_000, LONG])
def test_the_request_behind_a_refused_body_is_answered(length: int, service: Service) -> None:
    with connected(service) as connection:
        connection.sendall(sized(length) + b"x" * length + LIVEZ + sized(3) + b"abc" + LIVEZ)
        assert [status for status, _ in answers(connection, 4)] == [404, 200, 404, 200]


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_connection_that_is_not_kept_ends_with_the_answer(version: bytes, service: Service) -> None:
    head = sized(LONG, b"Connection: close\r\n").replace(b"HTTP/1.1", b"HTTP/" + version)
    assert all_sent(service, head, MEGABYTE, 12) == (404, "close")
    assert all_sent(service, head.replace(b"Connection: close\r\n", b""), MEGABYTE, 12) == (
        404,
        "close" if version == b"1.0" else "keep-alive",
    )


CHUNK = b"%x\r\n%s\r\n" % (len(MEGABYTE), MEGABYTE)


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        (CHUNKED + as_caller("chunks"), CHUNK, 413),
        (CHUNKED, b"not a size\r\n" + MEGABYTE, 400),
        (CHUNKED.replace(b"/translate", b"/nowhere"), CHUNK, 404),
        (CHUNKED.replace(b"/translate", b"/nowhere"), b"not a size\r\n" + MEGABYTE, 404),
        (sized(LONG).replace(b"Host: x\r\n", b"BROKEN\r\n")[:-2], MEGABYTE, 400),
        (sized(LONG, b"X: %s\r\n" % (b"x" * 9_000))[:-2], MEGABYTE, 431),
        (sized(LONG).replace(b"/nowhere", b"/" + b"x" * 9_000)[:-2], MEGABYTE, 414),
        (sized(LONG, b"Expect: the moon\r\n")[:-2], MEGABYTE, 417),
        (sized(MOST + 1)[:-2], MEGABYTE, 404),
    ],
    ids=["too long", "malformed", "unread", "malformed and unread", "400", "431", "414", "417", "huge"],
)
def test_where_the_next_request_would_begin_is_unknown_the_answer_says_that_the_connection_ends(
    head: bytes, body: bytes, status: int, service: Service
) -> None:
    assert all_sent(service, head + b"\r\n", body, 12) == (status, "close")


def test_a_body_that_is_refused_is_not_asked_for(service: Service) -> None:
    with connected(service) as connection:
        connection.sendall(sized(LONG, b"Expect: 100-continue\r\n"))
        # Nobody knows whether the client sends it after all, so no request can follow.
        assert read_answer(connection) == (404, "close")
        assert connection.recv(1) == b""


def test_a_body_that_is_wanted_is_asked_for_once(service: Service) -> None:
    body = b'{"text": "x"}'
    head = sized(len(body), b"Expect: 100-continue\r\n" + as_caller("expecting")).replace(
        b"/nowhere", b"/translate"
    )
    with connected(service) as connection:
        connection.sendall(head)
        assert read_answer(connection) == (100, "keep-alive")
        connection.sendall(body)
        assert read_answer(connection) == (200, "keep-alive")
        connection.sendall(LIVEZ)
        assert read_answer(connection) == (200, "keep-alive")


def test_what_never_became_a_request_is_counted_too(service: Service) -> None:
    def malformed() -> float:
        connection = service.connect()
        connection.request("GET", "/metrics")
        families = parse(connection.getresponse().read().decode())
        wanted = {"route": "unmatched", "method": "other", "status": "400"}
        return sum(s.value for f in families for s in f.samples if s.labels == wanted)

    before = malformed()
    assert all_sent(service, FAILED, b"") == (400, "close")
    assert malformed() == before + 1


def test_slow_senders_of_refused_bodies_hold_neither_threads_nor_the_loop() -> None:
    services = Services()
    with contextlib.ExitStack() as senders:
        try:
            service = services.start(THREADS="12", QUEUE_REQUESTS="8")
            service.wait_for("/readyz", 200)
            for number in range(60):
                slow = senders.enter_context(connected(service))
                slow.sendall((sized(LONG), CHUNKED.replace(b"/translate", b"/nowhere") + b"\r\n")[number % 2])
                assert read_answer(slow)[0] == 404
                slow.sendall(b"x")
            began = time.monotonic()
            for _ in range(10):
                assert service.get("/readyz") == 200
                connection = service.connect()
                connection.request(
                    "POST", "/translate", b'{"text": "x"}', {"Content-Type": "application/json"}
                )
                assert connection.getresponse().status == 200
            assert time.monotonic() - began < 5
        finally:
            services.end()


@pytest.mark.slow
def test_at_the_end_of_a_service_who_is_still_sending_has_the_answer() -> None:
    services = Services()
    try:
        service = services.start()
        service.wait_for("/readyz", 200)
        with connected(service) as kept, connected(service) as closed:
            kept.sendall(sized(LONG))
            closed.sendall(sized(LONG, b"Connection: close\r\n"))
            for each in (kept, closed):
                assert select.select([each], [], [], 60)[0], "it is not answered"
            service.process.send_signal(signal.SIGTERM)
            service.wait_for("/livez", 0)
            for connection, word in ((kept, "keep-alive"), (closed, "close")):
                for _ in range(12):
                    connection.sendall(MEGABYTE)
                assert read_answer(connection) == (404, word)
                assert connection.recv(1) == b""
        assert service.process.wait(timeout=10) == 0
    finally:
        services.end()
