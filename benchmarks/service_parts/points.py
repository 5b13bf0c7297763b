"""Sum up loads in the compared numbers, and rounds of loads in medians."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any, Self

from service_parts.record import Record, percentile


@dataclass(frozen=True)
class Point:
    """Translations a second, latencies in milliseconds, requests without a 200, and the load's own cost."""

    throughput: float
    p50_ms: float
    p95_ms: float
    failures: int
    client_cpu_seconds: float
    client_cpu_share: float
    """Of one core."""

    @classmethod
    def of(cls, record: Record, skip: int) -> Self:
        """`skip`: the first requests, which do not count."""
        latencies = record.latencies(skip)
        return cls(
            throughput=record.throughput(skip),
            p50_ms=1000 * percentile(latencies, 50),
            p95_ms=1000 * percentile(latencies, 95),
            failures=record.failures(),
            client_cpu_seconds=record.cpu_seconds,
            client_cpu_share=record.cpu_seconds / (record.ended - record.began),
        )

    def times(self, texts: int) -> Self:
        """Return the point for requests of `texts` texts each."""
        return replace(self, throughput=self.throughput * texts)

    def with_failures(self, more: int) -> Self:
        """The same with more failures, which only a look at the answers could find."""
        return replace(self, failures=self.failures + more)

    def json(self) -> dict[str, Any]:
        """Return the point as the benchmark prints it."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def middle(points: Sequence[Point], name: str) -> float:
    """Return the median of one number over the rounds."""
    return float(median(getattr(point, name) for point in points))


def summary(points: Sequence[Point]) -> dict[str, Any]:
    """Return the medians, and each round's throughput."""
    names = ("p50_ms", "p95_ms", "client_cpu_share")
    return {
        "throughput": round(middle(points, "throughput"), 2),
        **{name: round(middle(points, name), 3) for name in names},
        "failures": sum(point.failures for point in points),
        "client_cpu_seconds": round(sum(point.client_cpu_seconds for point in points), 2),
        "rounds": [round(point.throughput, 2) for point in points],
    }


def failures(*sides: Sequence[Point]) -> int:
    """Return requests without a 200, over all sides and rounds."""
    return sum(point.failures for points in sides for point in points)
