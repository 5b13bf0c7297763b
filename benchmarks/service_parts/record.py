"""Record the outcome of every request of one load, and sum it up."""

import time
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from service_parts import message
from service_parts.message import Answer


class Row(NamedTuple):
    """One answered request: its number, and times of time.perf_counter; latency is from `due`."""

    request: int
    due: float
    ended: float
    status: int
    retry_after: bool
    body: bytes

    @property
    def latency(self) -> float:
        """Seconds."""
        return self.ended - self.due


class Record:
    """One load; request n asked for the text n modulo `texts`."""

    def __init__(self, texts: int) -> None:
        self.texts = texts
        self.sent = 0
        self.began = self.load_ended = self.ended = time.perf_counter()
        self.cpu_seconds = time.process_time()
        self._numbers = array("L")
        self._due, self._ended = array("d"), array("d")
        self._answers: list[Answer] = []

    def add(self, request: int, due: float, ended: float, answer: Answer) -> None:
        """Note an answer."""
        self._numbers.append(request)
        self._due.append(due)
        self._ended.append(ended)
        self._answers.append(answer)

    def load_over(self) -> None:
        """The last request has been sent."""
        self.load_ended = time.perf_counter()

    def over(self) -> Self:
        """The last answer has come: what this process used of the CPUs is known."""
        self.ended = time.perf_counter()
        self.cpu_seconds = time.process_time() - self.cpu_seconds
        return self

    def rows(self) -> Iterator[Row]:
        """Yield all answered requests, in the order of their answers."""
        for number, due, ended, answer in zip(
            self._numbers, self._due, self._ended, self._answers, strict=True
        ):
            yield Row(number, due, ended, answer.status, answer.retry_after, answer.body)

    def failures(self) -> int:
        """Return requests that got anything but a 200, or nothing."""
        return self.sent - sum(row.status == 200 for row in self.rows())

    def statuses(self) -> dict[str, int]:
        """Return answers by status; `none` for a connection that broke, or an answer that never came."""
        found = Counter(str(row.status or "none") for row in self.rows())
        found["none"] += self.sent - len(self._numbers)
        return {status: count for status, count in sorted(found.items()) if count}

    def throughput(self, skip: int) -> float:
        """Return 200s a second, from the answer number `skip` to the last one before the load ended.

        Both ends are answers, because a batch answers many requests at once: between two points of time
        there may be one batch more or less.
        """
        ended = [row.ended for row in self.rows() if row.status == 200 and row.ended <= self.load_ended]
        if len(ended) <= skip or skip < 1:
            return float("nan")
        return (len(ended) - skip) / (ended[-1] - ended[skip - 1])

    def latencies(self, skip: int = 0) -> list[float]:
        """Return sorted seconds of the 200s, those of the first `skip` requests left out."""
        return sorted(row.latency for row in self.rows() if row.status == 200 and row.request >= skip)

    def windows(self) -> list[float]:
        """Return 200s in each full second of the load."""
        counts = Counter(int(row.ended - self.began) for row in self.rows() if row.status == 200)
        return [counts[second] for second in range(int(self.load_ended - self.began))]

    def wrong(self, expected: Sequence[str]) -> int:
        """Return 200s that hold another translation than `expected` has for their text."""
        return sum(
            message.translation(row.body) != expected[row.request % self.texts]
            for row in self.rows()
            if row.status == 200
        )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the nearest-rank percentile of sorted numbers; NaN of none."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1] if ordered else float("nan")


def milliseconds(ordered: Sequence[float]) -> dict[str, float]:
    """Return p50, p95 and the longest of sorted seconds; nothing of none."""
    percents = {"p50": 50, "p95": 95, "max": 100} if ordered else {}
    return {name: round(1000 * percentile(ordered, percent), 1) for name, percent in percents.items()}
