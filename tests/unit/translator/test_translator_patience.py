"""A client that sends or reads too slowly is given up, as if its connection were gone."""

import errno
import socket
import time
from collections.abc import Iterator

import pytest

from translator.serving import patience
from translator.serving.patience import PatientSocket

Pair = tuple[PatientSocket, socket.socket]


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """The service's end of a connection, with little patience, and the client's."""
    monkeypatch.setattr(patience, "REQUEST_WITHIN", 0.2)
    monkeypatch.setattr(patience, "ANSWER_WITHIN", 0.3)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield PatientSocket(ours), theirs


def test_a_request_that_does_not_arrive_is_given_up(pair: Pair) -> None:
    service, client = pair
    client.sendall(b"POST")
    assert service.recv(100) == b"POST"
    with pytest.raises(TimeoutError) as slow:
        service.recv(100)
    assert slow.value.errno == errno.ENOTCONN


def test_the_next_request_has_the_whole_time_again(pair: Pair) -> None:
    service, client = pair
    with pytest.raises(TimeoutError):
        service.recv(100)
    service.restart()
    client.sendall(b"again")
    assert service.recv(100) == b"again"


def test_an_answer_that_is_not_taken_is_given_up_also_before_anything_was_read(pair: Pair) -> None:
    service, _ = pair
    service.setblocking(True)  # what gthread does before each request
    with pytest.raises(TimeoutError) as slow:
        service.sendall(b"x" * 10_000_000)
    assert slow.value.errno == errno.ENOTCONN


def test_a_limit_of_gunicorns_own_holds(pair: Pair) -> None:
    service, client = pair
    service.settimeout(5.0)
    client.sendall(b"rest")
    assert service.recv(100) == b"rest"
    assert service.gettimeout() == 5.0


def test_in_a_hurry_nobody_is_waited_for(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "REQUEST_WITHIN", 60.0)
    monkeypatch.setattr(patience, "ANSWER_WITHIN", 60.0)
    service, client = pair
    began = time.monotonic()
    with service.in_a_hurry():
        service.restart()
        service.setblocking(True)
        with pytest.raises(TimeoutError):
            service.recv(100)
        with pytest.raises(TimeoutError):
            service.sendall(b"x" * 10_000_000)
    assert time.monotonic() - began < 10
    client.sendall(b"afterwards")
    service.restart()
    assert service.recv(100) == b"afterwards"
