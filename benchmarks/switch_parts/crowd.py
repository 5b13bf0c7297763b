"""Keep-alive clients that POST at a steady rate, in a process of their own; none of them ever retries.

A client opens a new connection where the server closed the last one while nothing was on its way, or said
that it would: that is HTTP, and no failure. A connection that breaks under a request is one.
"""

import json
import multiprocessing
import time
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.connection import Connection as Pipe
from types import TracebackType
from typing import Any, Self

from service_parts.connections import Connections
from service_parts.message import Answer, translate
from switch_parts.counted import Counted, Sample, Span, count

_PATIENCE = 30.0  # seconds for an answer that is on its way when the load ends
_TICK = 0.05
_MESSAGE = translate("北京天气很好。")


class Crowd:
    """`connections` clients of a port of the loopback, together `rate` requests a second."""

    def __init__(self, port: int, connections: int, rate: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, there = context.Pipe()
        self._count = context.Value("q", 0, lock=False)
        work = (there, self._count, port, connections, rate)
        self._process = context.Process(target=_work, args=work, daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.join()

    def wait_for(self, requests: int, within: float) -> None:
        """Wait until that many more requests have ended; raises TimeoutError after `within` seconds."""
        goal, deadline = self._count.value + requests, time.monotonic() + within
        while self._count.value < goal:
            if time.monotonic() > deadline or not self._process.is_alive():
                raise TimeoutError(f"the load stands still: {self._count.value} requests, waiting for {goal}")
            time.sleep(0.005)

    def stop(self, spans: Sequence[Span]) -> Counted:
        """End the load after its last answer; return the counts compared with `spans`."""
        self._pipe.send(spans)
        found: Counted = self._pipe.recv()
        return found


def _work(pipe: Pipe, done: Any, port: int, clients: int, rate: float) -> None:
    samples: list[Sample] = []
    with closing(Connections(port, clients)) as connections:
        due = time.monotonic()
        while not pipe.poll():
            now = time.monotonic()
            while connections.idle and due <= now:
                _send(connections, samples, now)
                due = max(due + 1 / rate, now - 1.0)  # what could not be sent for a second is not made up for
            _collect(connections, samples, max(due - now, 0.0) if connections.idle else _TICK)
            done.value = len(samples)
        _drain(connections, samples)
    pipe.send(count(samples, pipe.recv()))


def _send(connections: Connections, samples: list[Sample], now: float) -> None:
    try:
        connections.send(_MESSAGE, 0, now)
    except OSError as error:
        samples.append(Sample(now, now, "", type(error).__name__))


def _collect(connections: Connections, samples: list[Sample], within: float) -> None:
    for connection, answer in connections.answers(within):
        samples.append(_sample(connection.due, time.monotonic(), answer))


def _drain(connections: Connections, samples: list[Sample]) -> None:
    until = time.monotonic() + _PATIENCE
    while connections.busy and time.monotonic() < until:
        _collect(connections, samples, _TICK)
    samples += [Sample(each.due, time.monotonic(), "", "no answer") for each in connections.busy]


def _sample(sent: float, ended: float, answer: Answer) -> Sample:
    if answer.status != 200:
        error = f"status {answer.status}" if answer.status else "broken connection"
        return Sample(sent, ended, "", error)
    try:
        return Sample(sent, ended, json.loads(answer.body)["release"], "")
    except (ValueError, KeyError, TypeError):
        return Sample(sent, ended, "", "a 200 without a release")
