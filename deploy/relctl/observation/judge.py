"""Compare a release with the previous one, and judge it by bounds, as gates do, and fail closed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from relctl.config.environment import Rollout
from relctl.observation.figures import Figures, after, beside, figures, p95, with_error
from relctl.observation.tally import Tally, Terms
from relctl.statistics import proportion, sequential
from relctl.statistics.proportion import Counts

if TYPE_CHECKING:
    from relctl.statistics.clusters import Ratio

_AT_ONCE = 10.0  # milliseconds: a client that leaves within them waited for nothing
_TWICE = 2.0  # times the previous latency is long, even if a policy does not limit p95
_UNKNOWN = 1_000.0  # milliseconds of patience if the previous latency is unknown
Verdict = Literal["healthy", "unhealthy", "not enough traffic"]
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Compared:
    """A release, its reference (None: only limits apply), and the ratio of their p95.

    `p95_ratio` is None while there are too few requests to tell.
    """

    release: Figures
    reference: Figures | None = None
    p95_ratio: "Ratio | None" = None


def compare_beside(
    tally: Tally, slot: str, source: str, policy: Rollout, before: Figures | None = None
) -> Compared:
    """Compare two pools over the same time; `before` knows which client was a gateway."""
    [all_of_theirs] = tally.sides(source)
    gateway = before.gateway if before else all_of_theirs.gateway
    known = terms(policy, p95(all_of_theirs), gateway)
    ours, theirs = tally.sides(slot, source, terms=known)
    one, other = figures(ours), figures(theirs)
    return Compared(one, other, beside(ours, theirs, one, other))


def compare_after(tally: Tally, slot: str, before: Figures | None, policy: Rollout) -> Compared:
    """Compare a pool with the previous release's figures; if unknown, only with the limits."""
    if before is None:
        [everybody] = tally.sides(slot)
        [side] = tally.sides(slot, terms=terms(policy, None, everybody.gateway))
        return Compared(figures(side))
    [side] = tally.sides(slot, terms=terms(policy, before.p95_ms, before.gateway))
    release = with_error(figures(side), side)
    return Compared(release, before, after(release, before))


def terms(policy: Rollout, milliseconds: float | None, gateway: str) -> Terms:
    """Return the terms that follow from the previous release's p95 and gateway."""
    if milliseconds is None:
        return Terms(_UNKNOWN, _UNKNOWN, gateway)
    times = min(policy.max_p95_ratio, _TWICE)
    return Terms(_AT_ONCE + times * milliseconds, milliseconds, gateway)


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
