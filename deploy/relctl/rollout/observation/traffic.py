"""What each pool did with its traffic, counted from the access log: requests, failures, and how long."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from relctl.proxy.access_line import Request
from relctl.statistics.columns import column

SPAN = 0.5  # seconds; what the machine does meanwhile meets all requests of a span
_MOST_SPANS = 30  # more make a bound no better
_MOST_KEPT = 240  # then two become one, so that looking costs no more at the end of a long window


@dataclass(frozen=True)
class Side:
    """What one pool did; `spans` counts the requests that did not fail, by milliseconds, over time."""

    requests: int
    failed: int
    spans: Sequence[Mapping[int, int]]


class Tally:
    """Counts requests by pool and span of time; those that Nginx answered by itself are nobody's."""

    def __init__(self) -> None:
        self._length = SPAN
        self._failed: Counter[str] = Counter()
        self._spans: dict[str, dict[int, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))

    def add(self, requests: Iterable[Request]) -> None:
        """Count what the log gave."""
        for request in requests:
            if not request.asked:
                continue
            if request.fault:
                self._failed[request.pool] += 1
            else:
                self._spans[request.pool][int(request.ended / self._length)][
                    column(request.milliseconds)
                ] += 1

        while max(map(len, self._spans.values()), default=0) > _MOST_KEPT:
            self._coarsen()

    def _coarsen(self) -> None:
        self._length *= 2
        for pool, spans in self._spans.items():
            halved: dict[int, Counter[int]] = defaultdict(Counter)
            for number, span in spans.items():
                halved[number // 2].update(span)
            self._spans[pool] = halved

    def sides(self, *pools: str) -> list[Side]:
        """What the pools did, over the same spans."""
        numbers = sorted({number for pool in pools for number in self._spans[pool]})
        size = -(-len(numbers) // _MOST_SPANS) or 1
        parts = [numbers[at : at + size] for at in range(0, len(numbers), size)]
        return [self._side(pool, parts) for pool in pools]

    def _side(self, pool: str, parts: Sequence[Sequence[int]]) -> Side:
        spans = [_sum(self._spans[pool], part) for part in parts]
        answered = sum(span.total() for span in spans)
        return Side(answered + self._failed[pool], self._failed[pool], spans)


def _sum(spans: Mapping[int, Counter[int]], numbers: Sequence[int]) -> Counter[int]:
    found: Counter[int] = Counter()
    for number in numbers:
        found.update(spans.get(number, {}))
    return found
