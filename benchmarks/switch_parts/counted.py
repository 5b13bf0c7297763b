"""What a load found: requests that failed, and answers of a release whose turn it was not."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Sample(NamedTuple):
    """One request: when it was sent and answered, on the monotonic clock; by whom, or what went wrong."""

    sent: float
    ended: float
    release: str
    error: str


class Span(NamedTuple):
    """From `since` to the next span only these releases may answer: one at rest, two during a switch."""

    since: float
    releases: frozenset[str]


@dataclass
class Counted:
    """Requests in all, those without a right answer by what went wrong, and those of the wrong release."""

    requests: int = 0
    stale: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        """How many requests got no 200 with a release in it."""
        return self.errors.total()

    def add(self, other: "Counted") -> None:
        """Add what another load found."""
        self.requests += other.requests
        self.stale += other.stale
        self.errors += other.errors


def count(samples: Sequence[Sample], spans: Sequence[Span]) -> Counted:
    """Hold samples against spans, which are in the order of time and begin before the first sample."""
    begins = [span.since for span in spans]
    errors = Counter(sample.error for sample in samples if sample.error)
    stale = sum(not sample.error and not _timely(sample, spans, begins) for sample in samples)
    return Counted(len(samples), stale, errors)


def _timely(sample: Sample, spans: Sequence[Span], begins: Sequence[float]) -> bool:
    """Return whether the release that answered was live at any time during the request."""
    first, last = bisect_right(begins, sample.sent) - 1, bisect_right(begins, sample.ended)
    return any(sample.release in span.releases for span in spans[first:last])
