"""The figures of one pool, as ledger and JSON keep them, and the ratio of two pools' p95."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from relctl.rollout.observation.traffic import Side
from relctl.statistics.least import LEAST_CLUSTERS, least_requests

if TYPE_CHECKING:  # numpy is imported only where something is observed
    from relctl.statistics.clusters import Ratio
    from relctl.statistics.histogram import Histogram

_SEED = 2026
_DECISIVE = 95.0
_ENOUGH = 500  # resamples; they tell a standard error to 3 %, and are drawn at every look


@dataclass(frozen=True)
class Figures:
    """What one pool did; percentiles are of the requests that did not fail, None where there are none.

    `error`: the standard error of the logarithm of p95, from so many `spans` of time; None of one span.
    """

    requests: int
    failed: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    error: float | None = None
    spans: int = 0

    @property
    def error_rate(self) -> float:
        """The part of the requests that failed."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def decides(self) -> bool:
        """Whether there are enough requests, in enough spans, to tell how sure the p95 is."""
        return self.spans >= LEAST_CLUSTERS and self.requests - self.failed >= least_requests(_DECISIVE)

    def as_json(self) -> dict[str, Any]:
        """What people read of it."""
        return {
            "requests": self.requests,
            "error_rate": round(self.error_rate, 6),
            "p50_ms": self.p50_ms,
            "p95_ms": self.p95_ms,
            "p99_ms": self.p99_ms,
        }


def figures(side: Side) -> Figures:
    """Reduce what a pool did to its figures."""
    if side.requests == side.failed:
        return Figures(side.requests, side.failed)
    [found] = _histograms(side)
    p50, p95, p99 = (round(found.percentile(each), 2) for each in (50.0, _DECISIVE, 99.0))
    spans = sum(bool(span) for span in side.spans)
    error = _error(found) if len(side.spans) > 1 else None
    return Figures(side.requests, side.failed, p50, p95, p99, error, spans)


def beside(ours: Side, theirs: Side) -> "Ratio | None":
    """The ratio of the p95 of two pools over the same spans; None while either is too small to tell."""
    from relctl.statistics.clusters import Ratio, draws, standard_error

    if not (figures(ours).decides and figures(theirs).decides):
        return None
    import numpy

    one, other = _histograms(ours, theirs)
    drawn = draws(len(ours.spans), _SEED)[:_ENOUGH]
    logs = numpy.log(one.resampled(_DECISIVE, drawn) / other.resampled(_DECISIVE, drawn))
    value = one.percentile(_DECISIVE) / other.percentile(_DECISIVE)
    return Ratio(value, standard_error(logs, len(ours.spans)), len(ours.spans))


def after(ours: Figures, theirs: Figures) -> "Ratio | None":
    """The ratio of p95s that were measured one after the other; None while either is too small to tell."""
    from relctl.statistics.clusters import Ratio

    if not (ours.decides and theirs.decides) or ours.p95_ms is None or theirs.p95_ms is None:
        return None
    error = ((ours.error or 0.0) ** 2 + (theirs.error or 0.0) ** 2) ** 0.5
    return Ratio(ours.p95_ms / theirs.p95_ms, error, min(ours.spans, theirs.spans))


def _error(histogram: "Histogram") -> float:
    import numpy

    from relctl.statistics.clusters import draws, standard_error

    spans = len(histogram.counts)
    logs = numpy.log(histogram.resampled(_DECISIVE, draws(spans, _SEED)[:_ENOUGH]))
    return round(standard_error(logs, spans), 6)


def _histograms(*sides: Side) -> "list[Histogram]":
    from relctl.statistics.histogram import histograms

    return histograms([side.spans for side in sides])
