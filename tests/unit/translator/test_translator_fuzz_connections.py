"""Connections that a careless or hostile client makes: the service answers in words, and goes on serving."""

import contextlib
import json
import select
import socket
import struct
import time
from collections.abc import Iterator
from itertools import repeat

import pytest

from translator.serving.body import REQUEST_WITHIN
from unit.translator.clean_service import KEY, TEXT, clean_service
from unit.translator.service_process import Service

NICE = "The weather in Beijing is nice."
BODY = json.dumps({"text": TEXT}, ensure_ascii=False).encode()
HEAD = b"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE = b" " * 1024**2


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with clean_service() as service:
        yield service


@pytest.fixture
def connection(service: Service) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as made:
        yield made


def sized(length: int) -> bytes:
    return HEAD + f"Content-Length: {length}\r\n\r\n".encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def send(connection: socket.socket, pieces: Iterator[bytes]) -> None:
    """Sends until there is an answer, as a client should that is told early of a body too long."""
    with contextlib.suppress(
        BrokenPipeError, ConnectionResetError
    ):  # what has been answered is there to read
        for piece in pieces:
            view = memoryview(piece)
            while view:
                readable, writable, _ = select.select([connection], [connection], [], 20)
                if readable:
                    return
                view = view[connection.send(view) :] if writable else view


def receive(connection: socket.socket) -> tuple[int, dict[str, str]]:
    """The status and the JSON of the answer."""
    answer = b""
    while received := connection.recv(65_536):
        answer += received
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def assert_healthy(service: Service) -> None:
    connection = service.connect()
    connection.request("POST", "/translate", BODY, {"Content-Type": "application/json"})
    assert json.load(connection.getresponse())["translation"] == NICE


@pytest.mark.parametrize(
    "pieces",
    [
        [sized(10 * 1024**2), *repeat(MEGABYTE, 10)],
        [CHUNKED, *repeat(chunk(MEGABYTE), 10), chunk(b"")],
        [CHUNKED, *repeat(chunk(b" " * 100), 20_000), chunk(b"")],
        [sized(15_000_001), b"[", *repeat(b'{"id": 1, "text":"a"},' * 100, 10_000)],
    ],
    ids=["ten megabytes", "ten megabytes in chunks", "many small chunks", "a million items"],
)
def test_a_body_that_is_too_long_is_refused_before_it_is_all_sent(
    pieces: list[bytes], connection: socket.socket, service: Service
) -> None:
    send(connection, iter(pieces))
    status, problem = receive(connection)
    assert (status, "body is too long" in problem["error"]) == (413, True)
    assert_healthy(service)


def test_a_body_in_chunks_is_read(connection: socket.socket) -> None:
    connection.sendall(CHUNKED + chunk(BODY[:5]) + chunk(BODY[5:]) + chunk(b""))
    status, answer = receive(connection)
    assert (status, answer["translation"]) == (200, NICE)


@pytest.mark.parametrize(
    "sent",
    [
        sized(500) + BODY,
        CHUNKED + b"fff\r\n" + BODY,
        CHUNKED + b"zz\r\n" + BODY,
        CHUNKED + b"5\r\n" + BODY,
    ],
    ids=["cut off", "a chunk cut off", "no chunk size", "a wrong chunk size"],
)
def test_a_body_that_does_not_arrive_whole_is_refused(
    sent: bytes, connection: socket.socket, service: Service
) -> None:
    connection.sendall(sent)
    connection.shutdown(socket.SHUT_WR)
    status, problem = receive(connection)
    assert (status, problem["error"]) == (400, "The body did not arrive whole.")
    assert_healthy(service)


def test_a_slow_upload_keeps_nobody_else_waiting(connection: socket.socket, service: Service) -> None:
    sent = sized(len(BODY)) + BODY
    for number, byte in enumerate(sent[:-1]):
        connection.sendall(bytes([byte]))
        if number % 8 == 0:  # after each one, a slow machine would need the ten seconds of an upload
            assert service.get("/livez") == 200
    assert_healthy(service)
    connection.sendall(sent[-1:])
    status, answer = receive(connection)
    assert (status, answer["translation"]) == (200, NICE)


@pytest.mark.parametrize("length", [10, len(HEAD), len(sized(len(BODY))) + 5, len(sized(len(BODY)) + BODY)])
@pytest.mark.parametrize("reset", [True, False])
def test_clients_that_leave_do_no_harm(length: int, reset: bool, service: Service) -> None:
    for _ in range(50):
        connection = socket.create_connection(("127.0.0.1", service.port), timeout=20)
        if reset:  # instead of an orderly end
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall((sized(len(BODY)) + BODY)[:length])
        connection.close()
    assert_healthy(service)


def test_a_key_in_the_query_string_is_refused(service: Service) -> None:
    connection = service.connect()
    connection.request("POST", f"/translate?api_key={KEY}", BODY, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 400
    assert "query string" in json.load(answer)["error"]


@pytest.mark.parametrize("sent", [b"POST /translate HT", sized(100) + b"{"], ids=["head", "body"])
def test_half_sent_requests_do_not_hold_the_threads_for_ever(sent: bytes, service: Service) -> None:
    with contextlib.ExitStack() as connections:
        for _ in range(120):
            connection = socket.create_connection(("127.0.0.1", service.port), timeout=20)
            connections.enter_context(contextlib.closing(connection))
            connection.sendall(sent)
        started = time.monotonic()
        assert service.get("/livez") == 200
        assert time.monotonic() - started < REQUEST_WITHIN + 5
    assert service.get("/readyz") == 200
