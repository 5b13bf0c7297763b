"""Compute a pool's figures, as ledger and JSON keep them, and the ratio of two pools' p95."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from relctl.observation.tally import Side
from relctl.statistics.proportion import LEAST_CLUSTERS, least_requests

if TYPE_CHECKING:  # numpy is imported only to observe
    from relctl.statistics.clusters import Ratio
    from relctl.statistics.histogram import Histogram

_SEED = 2026
_DECISIVE = 95.0
_ENOUGH = 500  # resamples, drawn at every look; they give a standard error to 3 %


@dataclass(frozen=True)
class Figures:
    """The figures of one pool; percentiles are of the requests that did not fail, None without any.

    `requests` and `failed` are weighted counts, fractions where a client counts less. Of the client with most
    failures one counts; the others are `silenced`. `clients`: how many, 0 if addresses are not logged. `gone`
    left before an answer. `gateway` marks the client with more than half of the requests. `error`: the
    standard error of ln(p95) from `spans` spans of time; None for one span or no requests.
    """

    requests: float
    failed: float
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    error: float | None = None
    spans: int = 0
    clients: int = 0
    gone: int = 0
    silenced: float = 0.0
    gateway: str = ""

    @property
    def error_rate(self) -> float:
        """Return the share of requests that failed."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def decides(self) -> bool:
        """Return whether there are enough requests, in enough spans, to bound the p95."""
        return self.spans >= LEAST_CLUSTERS and self.requests - self.failed >= least_requests(_DECISIVE)

    @property
    def asked_by(self) -> str:
        """Return the number of clients in words; "" if unknown."""
        return f"{self.clients} client{'' if self.clients == 1 else 's'}" if self.clients else ""

    def as_json(self) -> dict[str, Any]:
        """Return the members that people read."""
        return {
            "requests": round(self.requests),
            "clients": self.clients,
            "gone": self.gone,
            "silenced": round(self.silenced),
            "error_rate": round(self.error_rate, 6),
            "p50_ms": self.p50_ms,
            "p95_ms": self.p95_ms,
            "p99_ms": self.p99_ms,
        }


def figures(side: Side) -> Figures:
    """Reduce what a pool did to its figures."""
    found = Figures(
        side.requests,
        side.failed,
        clients=side.clients,
        gone=side.gone,
        silenced=side.silenced,
        gateway=side.gateway,
    )
    if not any(side.spans):
        return found
    [times] = _histograms(side)
    p50, p95, p99 = (round(times.percentile(each), 2) for each in (50.0, _DECISIVE, 99.0))
    spans = sum(bool(span) for span in side.spans)
    return replace(found, p50_ms=p50, p95_ms=p95, p99_ms=p99, spans=spans)


def with_error(found: Figures, side: Side) -> Figures:
    """Add the standard error of the p95, which takes resamples; `beside` is more exact for two pools."""
    return replace(found, error=_error(_histograms(side)[0])) if found.spans > 1 else found


def p95(side: Side) -> float | None:
    """Return the 95th percentile in milliseconds; None where no request was answered."""
    return _histograms(side)[0].percentile(_DECISIVE) if any(side.spans) else None


def beside(ours: Side, theirs: Side, one: Figures, other: Figures) -> "Ratio | None":
    """Return the p95 ratio of two pools over the same spans; None while either is too small."""
    from relctl.statistics.clusters import Ratio, draws, standard_error

    if not (one.decides and other.decides):
        return None
    import numpy

    times, their_times = _histograms(ours, theirs)
    drawn = draws(len(ours.spans), _SEED)[:_ENOUGH]
    logs = numpy.log(times.resampled(_DECISIVE, drawn) / their_times.resampled(_DECISIVE, drawn))
    value = times.percentile(_DECISIVE) / their_times.percentile(_DECISIVE)
    return Ratio(value, standard_error(logs, len(ours.spans)), len(ours.spans))


def after(ours: Figures, theirs: Figures) -> "Ratio | None":
    """Return the ratio of p95s measured one after the other; None while either is too small."""
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
