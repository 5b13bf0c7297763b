"""Put a load on a server from one light thread, and record every answer."""

import gc
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Protocol

from service_parts.connections import Connections
from service_parts.record import Record

_PATIENCE = 330.0  # seconds for what is late, or on its way when the load ends: more than a server has
_TICK = 0.05


class Arrivals(Protocol):
    """When requests are due; all times are of time.perf_counter."""

    def more(self, now: float) -> bool:
        """Return whether there is another request to send, now or later."""

    def due(self, now: float) -> float:
        """Return when the next request is due; only asked while there is one."""

    def sent(self) -> None:
        """The next request is the one after."""


class Closed:
    """Each client sends its next request when it has its answer."""

    def __init__(self, seconds: float, least: int = 0, most: float = float("inf")) -> None:
        """As long as `seconds`, and longer until `least` requests are sent, but never more than `most`."""
        self._end = time.perf_counter() + seconds
        self._least, self._most = least, most
        self._sent = 0

    def more(self, now: float) -> bool:
        end = self._end + (_PATIENCE if self._sent < self._least else 0.0)
        return now < end and self._sent < self._most

    def due(self, now: float) -> float:
        return now

    def sent(self) -> None:
        self._sent += 1


class Open:
    """Requests are due at fixed times, whether or not earlier ones are answered."""

    def __init__(self, rate: float, seconds: float) -> None:
        """`rate`: requests a second."""
        self._began = time.perf_counter()
        self._end = self._began + seconds + _PATIENCE
        self._rate, self.number = rate, int(rate * seconds)
        self._sent = 0

    def more(self, now: float) -> bool:
        return now < self._end and self._sent < self.number

    def due(self, _now: float) -> float:
        return self._began + self._sent / self._rate

    def sent(self) -> None:
        self._sent += 1


def put(port: int, clients: int, messages: Sequence[bytes], arrivals: Arrivals) -> Record:
    """Send `messages` in turn, as `arrivals` says, until there are no more and all are answered.

    A request whose time has come waits when all connections are busy, and its latency counts from the time
    when it was due: a slow server does not slow down what is asked of it.
    """
    gc.collect()
    gc.disable()
    record = Record(len(messages))
    try:
        with closing(Connections(port, clients)) as connections:
            _load(connections, messages, arrivals, record)
            record.load_over()
            _drain(connections, record)
    finally:
        gc.enable()
    return record.over()


def put_in_turns(ports: Sequence[int], messages: Sequence[bytes], seconds: float) -> list[Record]:
    """Send each message to each server, one at a time, nothing else being on its way; a record of each.

    Small differences show in pairs of requests, because what else the machine does meets both alike. Who
    comes first changes every time.
    """
    records = [Record(len(messages)) for _ in ports]
    with ExitStack() as stack:
        sides = [(stack.enter_context(closing(Connections(port, 1)))) for port in ports]
        turn, until = list(zip(sides, records, strict=True)), time.perf_counter() + seconds
        while time.perf_counter() < until:
            for connections, record in turn:
                connections.send(messages[record.sent % len(messages)], record.sent, time.perf_counter())
                record.sent += 1
                _drain(connections, record)
            turn.reverse()
    for record in records:
        record.load_over()
    return [record.over() for record in records]


def _load(connections: Connections, messages: Sequence[bytes], arrivals: Arrivals, record: Record) -> None:
    clock = time.perf_counter
    while arrivals.more(now := clock()):
        while connections.idle and arrivals.more(now) and (due := arrivals.due(now)) <= now:
            arrivals.sent()
            connections.send(messages[record.sent % len(messages)], record.sent, due)
            record.sent += 1
        wait = arrivals.due(now) - now if connections.idle and arrivals.more(now) else _TICK
        _collect(connections, wait, record)


def _drain(connections: Connections, record: Record) -> None:
    until = time.perf_counter() + _PATIENCE
    while connections.busy and time.perf_counter() < until:
        _collect(connections, _TICK, record)


def _collect(connections: Connections, within: float, record: Record) -> None:
    for connection, answer in connections.answers(within):
        record.add(connection.request, connection.due, time.perf_counter(), answer)
