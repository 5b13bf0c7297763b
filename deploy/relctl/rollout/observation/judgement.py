"""Judge from traffic whether a release is healthy: by bounds, as gates do, and fail closed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from relctl.config.environment import Rollout
from relctl.rollout.observation.compared import Compared
from relctl.rollout.observation.figures import Figures
from relctl.statistics import proportion, sequential
from relctl.statistics.proportion import Counts

if TYPE_CHECKING:
    from relctl.statistics.clusters import Ratio

Verdict = Literal["healthy", "unhealthy", "not enough traffic"]
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """A look's confidence and bounds: of a proportion, of a difference of two, of a ratio."""

    confidence: float
    share: Callable[[float, float, float], Bounds]
    difference: Callable[[Counts, Counts, float], Bounds]
    ratio: Callable[["Ratio", float], Bounds]


# Looking often must not roll back a release as good as the previous one. Bounds that hold at all looks decide
# at any of them; the end of a window is a single look, with the bounds of one.
ANY = Look(0.99, sequential.bounds, sequential.difference, lambda ratio, sure: ratio.always(sure))
LAST = Look(0.95, proportion.bounds, proportion.difference, lambda ratio, sure: ratio.bounds(sure))


@dataclass(frozen=True)
class Judgement:
    """The verdict, a sentence for each reason, and whether the measured values are `within` the limits."""

    verdict: Verdict
    reasons: tuple[str, ...]
    within: bool


@dataclass(frozen=True)
class _Measure:
    """One limited figure, its lower and upper bound, and how it is shown."""

    words: str
    value: float
    limit: float
    bounds: Bounds
    show: Callable[[float], str]


def judge(limits: Rollout, compared: Compared, look: Look) -> Judgement:
    """Judge by bounds: unhealthy if a lower one exceeds its limit, healthy if all upper ones are within.

    `look`: LAST where a window is over, ANY otherwise, and always ANY below `min_requests`. Neither means not
    enough traffic: a bound over few requests is wide.
    """
    look = look if compared.release.requests >= limits.min_requests else ANY
    measures = list(_measures(limits, compared, look))
    within = all(measure.value <= measure.limit for measure in measures)
    harm = [_harm(measure) for measure in measures if measure.bounds[0] > measure.limit]
    if harm:
        return Judgement("unhealthy", tuple(harm), within=False)
    doubt = [*_few(limits, compared), *filter(None, map(_doubt, measures))]
    if doubt:
        return Judgement("not enough traffic", tuple(doubt), within)
    return Judgement("healthy", tuple(f"{each.words}: {each.show(each.value)}" for each in measures), within)


def _measures(limits: Rollout, compared: Compared, look: Look) -> Iterator[_Measure]:
    ours, theirs = compared.release, compared.reference or Figures(requests=0, failed=0)
    yield _Measure(
        _failing(ours, theirs),
        ours.error_rate - theirs.error_rate,
        limits.max_error_rate,
        _more_failures(ours, theirs, look),
        lambda value: f"{value:+.2%}",
    )
    ratio = compared.p95_ratio
    if ratio is not None:
        yield _Measure(
            f"p95 {ours.p95_ms:.0f} ms, {theirs.p95_ms:.0f} ms of the previous release",
            ratio.value,
            limits.max_p95_ratio,
            look.ratio(ratio, look.confidence),
            lambda value: f"{value:.2f}x",
        )


def _failing(ours: Figures, theirs: Figures) -> str:
    clients = f"{ours.asked_by}: " if ours.clients else ""
    silenced = f" (and {ours.silenced:.0f} more of one client)" if ours.silenced else ""
    beside = (
        f", {theirs.error_rate:.2%} of {theirs.requests:.0f} of the previous release"
        if theirs.requests
        else ""
    )
    return f"{clients}{ours.error_rate:.2%} of {ours.requests:.0f} requests failed{silenced}{beside}"


def _more_failures(ours: Figures, theirs: Figures, look: Look) -> Bounds:
    """Return bounds of the increase in failures; without a reference, of the share itself."""
    if not theirs.requests:
        return look.share(ours.failed, ours.requests, look.confidence)
    return look.difference((ours.failed, ours.requests), (theirs.failed, theirs.requests), look.confidence)


def _few(limits: Rollout, compared: Compared) -> Iterator[str]:
    if compared.release.requests < limits.min_requests:
        yield f"{compared.release.requests:.0f} requests; {limits.min_requests} are needed"
    if compared.reference is not None and compared.p95_ratio is None:
        yield "too few requests, or over too short a time, to bound their p95"


def _harm(measure: _Measure) -> str:
    found, lower = measure.show(measure.value), measure.show(measure.bounds[0])
    return f"{measure.words}: {found} (lower bound {lower}, limit {measure.show(measure.limit)})"


def _doubt(measure: _Measure) -> str:
    upper = measure.bounds[1]
    if upper <= measure.limit:
        return ""
    return (
        f"{measure.words}: {measure.show(measure.value)} (upper bound {measure.show(upper)},"
        f" limit {measure.show(measure.limit)})"
    )
