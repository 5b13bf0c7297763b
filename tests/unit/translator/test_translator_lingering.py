"""What is dropped of a client's bytes, for how long and of how many at a time; over real sockets."""

import contextlib
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nginx_text import parse
from relctl.config.project import load
from relctl.proxy.render import render
from relctl.state.paths import Paths
from scratch import ROOT
from translator.body import Limits
from translator.serving import lingering
from translator.serving.lingering import Lingering
from translator.serving.remainder import MOST


class Ends:
    """A service's end of connections that linger, and their clients'."""

    def __init__(self, most: int = 10) -> None:
        self.lingering = Lingering(most)
        self.open = contextlib.ExitStack()
        self.ended: list[tuple[Any, bool]] = []

    def connect(self) -> tuple[Any, socket.socket]:
        ours, theirs = (self.open.enter_context(each) for each in socket.socketpair())
        return SimpleNamespace(sock=ours), theirs

    def take_rest(self, size: int) -> tuple[Any, socket.socket]:
        conn, client = self.connect()
        self.lingering.take_rest(conn, size, self.end)
        return conn, client

    def take_all(self, unread: int | None = None) -> tuple[Any, socket.socket]:
        conn, client = self.connect()
        self.lingering.take_all(conn, unread, self.end)
        return conn, client

    def end(self, conn: Any, whole: bool) -> None:
        self.ended.append((conn, whole))

    def drop(self) -> None:
        assert select.select([self.lingering.fileno()], [], [], 5)[0], "nothing has come"
        self.lingering.drop()


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    with made.open:
        yield made


class Clock:
    """Moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(lingering, "time", SimpleNamespace(monotonic=lambda: self.now))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_rest_is_dropped_to_its_last_byte_and_no_further(ends: Ends) -> None:
    conn, client = ends.take_rest(10)
    client.sendall(b"1234")
    ends.drop()
    assert ends.ended == []
    client.sendall(b"567890GET")
    ends.drop()
    assert ends.ended == [(conn, True)]
    assert conn.sock.recv(100) == b"GET"
    assert len(ends.lingering) == 0


def test_a_rest_that_has_come_already_is_dropped_at_once(ends: Ends) -> None:
    conn, client = ends.connect()
    client.sendall(b"1234")
    ends.lingering.take_rest(conn, 4, ends.end)
    assert ends.ended == [(conn, True)]


def test_a_rest_that_breaks_off_is_not_whole(ends: Ends) -> None:
    conn, client = ends.take_rest(10)
    client.sendall(b"1234")
    client.close()
    ends.drop()
    ends.drop()
    assert ends.ended == [(conn, False)]


def test_the_end_of_an_answer_is_told_and_the_client_waited_for(ends: Ends) -> None:
    conn, client = ends.take_all()
    assert client.recv(1) == b"", "this side has ended"
    client.sendall(b"still sending")
    ends.drop()
    assert ends.ended == []
    client.close()
    ends.drop()
    assert [each for each, _ in ends.ended] == [conn]


def test_no_more_is_dropped_than_the_limit(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "MOST", 1000)
    conn, client = ends.take_all()
    client.sendall(b"x" * 999)
    ends.drop()
    assert ends.ended == []
    client.sendall(b"x" * 999)
    ends.drop()
    assert [each for each, _ in ends.ended] == [conn]


def test_one_fast_sender_gets_a_buffer_at_a_time(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "_SCRATCH", 100)
    small = Ends()
    with small.open:
        _, fast = small.take_rest(1000)
        slow_conn, slow = small.take_rest(5)
        fast.sendall(b"x" * 1000)
        slow.sendall(b"12345")
        small.drop()
        assert small.ended == [(slow_conn, True)]


@pytest.mark.parametrize(
    ("unread", "within"), [(0, 2.0), (5, 30.0), (None, 30.0)], ids=["all read", "some left", "unknown"]
)
def test_who_has_sent_everything_is_waited_for_less_long(
    unread: int | None, within: float, ends: Ends, clock: Clock
) -> None:
    conn, client = ends.take_all(unread)
    for moment in (within - 0.6, within - 0.05):
        clock.now = 1000.0 + moment
        client.sendall(b"a byte a while gains no time")
        ends.drop()
        ends.lingering.end_late()
        assert ends.ended == []
    clock.now = 1000.0 + within + 0.5
    ends.lingering.end_late()
    assert ends.ended == [(conn, False)]


def test_at_the_end_of_the_service_nobody_has_longer_than_for_a_request(ends: Ends, clock: Clock) -> None:
    before, _ = ends.take_rest(10)
    quick, _ = ends.take_all(0)
    ends.lingering.hurry()
    after, _ = ends.take_rest(10)
    clock.now += 9.9
    ends.lingering.end_late()
    assert ends.ended == [(quick, False)]
    clock.now += 0.6
    ends.lingering.end_late()
    assert [conn for conn, _ in ends.ended] == [quick, before, after]


def test_one_too_many_ends_the_one_that_was_waited_for_longest() -> None:
    ends = Ends(most=2)
    with ends.open:
        first, _ = ends.take_rest(10)
        second, _ = ends.take_rest(10)
        third, client = ends.take_rest(10)
        assert ends.ended == [(first, False)]
        client.sendall(b"1234567890")
        ends.drop()
        assert ends.ended == [(first, False), (third, True)]
        assert len(ends.lingering) == 1
        assert second.sock.fileno() >= 0


def test_a_connection_that_was_closed_meanwhile_is_no_mistake(ends: Ends) -> None:
    conn, _ = ends.connect()
    conn.sock.close()
    ends.lingering.take_all(conn, 0, ends.end)
    assert ends.ended == [(conn, False)]
    assert len(ends.lingering) == 0


def test_nginx_lets_through_more_than_is_read_and_less_than_is_dropped(tmp_path: Path) -> None:
    project = load(ROOT, "local", {})
    text = render(project, Paths(tmp_path, "translator", "local"), "")
    through = parse(text).within("http").within("server").bytes("client_max_body_size")
    largest = Limits(characters=100_000, items=10_000, total_characters=1_000_000)  # that settings allow
    assert largest.body_bytes < through <= MOST / 2


def test_the_leeways_of_lingering() -> None:
    assert (MOST, lingering._SCRATCH, lingering._CLOSE_WITHIN) == (64 * 1024**2, 256 * 1024, 2.0)
