"""Requests that take their time while traffic moves: streams, each counted whole or broken."""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

_LINES_A_SECOND = 2
_PATIENCE = 30.0  # seconds of silence; lines come twice a second


@dataclass
class LongRequests:
    """`clients` of a port of the loopback, each with one stream after the other on one connection."""

    port: int
    clients: int
    seconds: float
    whole: int = 0
    longest: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._over, self._lock = threading.Event(), threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask, args=(random.Random(number),))
            for number in range(self.clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Begin no more, and wait until the last one has ended."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def result(self) -> dict[str, Any]:
        """Return the count as JSON."""
        broken = dict(self.errors.most_common())
        return {
            "whole": self.whole,
            "broken": self.errors.total(),
            "errors": broken,
            "longest_s": self.longest,
        }

    def _ask(self, dice: random.Random) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        while not self._over.is_set():
            lines, began = dice.randint(1, int(self.seconds * _LINES_A_SECOND)), time.monotonic()
            trouble = _stream(connection, lines)
            self._count(trouble, round(time.monotonic() - began, 1))
            if trouble:
                connection.close()
        connection.close()

    def _count(self, trouble: str, seconds: float) -> None:
        with self._lock:
            if trouble:
                self.errors[trouble] += 1
            else:
                self.whole, self.longest = self.whole + 1, max(self.longest, seconds)


def _stream(connection: http.client.HTTPConnection, lines: int) -> str:
    """Request the given number of lines; return what went wrong, "" if all arrived."""
    try:
        connection.request("GET", f"/lines/{lines}")
        answer = connection.getresponse()
        found = answer.read().count(b"\n")
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    if answer.status != http.HTTPStatus.OK:
        return f"status {answer.status}"
    return "" if found == lines else f"{found} of {lines} lines"
