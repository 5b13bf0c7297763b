"""A client that sends or reads too slowly is given up."""

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator

import pytest

from ports import free_port
from translator import server
from translator.app import create_app
from translator.serving import body, connection
from unit.translator.applications import make_parts
from unit.translator.served import served

HEAD = b"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
SIZED = HEAD + b"Content-Length: 20\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A connection to a service of little patience."""
    monkeypatch.setattr(connection, "REQUEST_WITHIN", 0.5)
    monkeypatch.setattr(body, "REQUEST_WITHIN", 0.5)
    monkeypatch.setattr(server, "KEEP_ALIVE", 2)
    parts = make_parts()
    with (
        served(create_app(parts), parts) as port,
        contextlib.closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as made,
    ):
        yield made


def status(client: socket.socket) -> int:
    with contextlib.closing(http.client.HTTPResponse(client)) as answer:
        answer.begin()
        answer.read()
        return answer.status


def closed_after(client: socket.socket) -> float:
    began = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""
    return time.monotonic() - began


def test_a_connection_on_which_nothing_ever_comes_is_given_up(client: socket.socket) -> None:
    assert 1.5 < closed_after(client) < 10


@pytest.mark.parametrize("answered", [0, 2], ids=["first", "third"])
def test_a_head_that_does_not_arrive_is_given_up(answered: int, client: socket.socket) -> None:
    for _ in range(answered):
        client.sendall(LIVEZ)
        assert status(client) == 200
    client.sendall(LIVEZ[:30])
    assert closed_after(client) < 1.5


def test_a_byte_a_while_gains_no_time(client: socket.socket) -> None:
    with contextlib.suppress(ConnectionError):
        for byte in LIVEZ:
            client.sendall(bytes([byte]))
            time.sleep(0.1)
        pytest.fail("it was waited for")


def test_the_next_request_has_the_whole_time_again(client: socket.socket) -> None:
    for _ in range(4):
        client.sendall(LIVEZ[:30])
        time.sleep(0.3)
        client.sendall(LIVEZ[30:])
        assert status(client) == 200


@pytest.mark.parametrize("sent", [SIZED + b"{", CHUNKED + b"1\r\n{\r\n"], ids=["sized", "chunked"])
def test_a_body_that_does_not_arrive_is_refused(sent: bytes, client: socket.socket) -> None:
    client.sendall(sent)
    answer = client.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in answer


def test_the_kernel_sends_at_once_and_gives_up_an_answer_that_is_not_taken() -> None:
    with server._listen(port := free_port()) as listener, socket.create_connection(("127.0.0.1", port)):
        ours, _ = listener.accept()
        with ours:
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
