"""Whether traffic shows a release to be healthy: decided by bounds, as gates decide, and fail closed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from relctl.config.environment import Rollout
from relctl.rollout.observation.figures import Figures
from relctl.statistics.proportion import difference

if TYPE_CHECKING:
    from relctl.statistics.clusters import Ratio

Verdict = Literal["healthy", "unhealthy", "not enough traffic"]

# Of a look that is one of many: a release as good as the one before must not be taken back by the chance
# of looking often (Haybittle 1971, Repeated assessment of results in clinical trials; Peto et al. 1976).
CERTAIN = 0.999
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Compared:
    """A release, what it is held against (None: only against the limits), and how many times its p95 is.

    `p95_ratio` is None while there are too few requests to tell.
    """

    release: Figures
    reference: Figures | None = None
    p95_ratio: "Ratio | None" = None


@dataclass(frozen=True)
class Judgement:
    """The verdict, a sentence for each thing that it rests on, and whether what was measured is `within`."""

    verdict: Verdict
    reasons: tuple[str, ...]
    within: bool


@dataclass(frozen=True)
class _Measure:
    """One figure that is limited, its bounds by confidence, and how it is said."""

    words: str
    value: float
    limit: float
    bounds: Callable[[float], tuple[float, float]]
    show: Callable[[float], str]


def judge(limits: Rollout, compared: Compared, certain: float) -> Judgement:
    """Judge by bounds: unhealthy for a lower one over its limit, healthy for all upper ones within theirs.

    `certain`: how sure harm must be, CERTAIN while there are more looks to come, and always of fewer than
    `min_requests`. Neither is not enough traffic: a bound over few requests is wide.
    """
    certain = certain if compared.release.requests >= limits.min_requests else CERTAIN
    measures = list(_measures(limits, compared))
    within = all(measure.value <= measure.limit for measure in measures)
    harm = [_harm(measure, certain) for measure in measures if measure.bounds(certain)[0] > measure.limit]
    if harm:
        return Judgement("unhealthy", tuple(harm), within=False)
    doubt = [*_few(limits, compared), *filter(None, map(_doubt, measures))]
    if doubt:
        return Judgement("not enough traffic", tuple(doubt), within)
    return Judgement("healthy", tuple(f"{each.words}: {each.show(each.value)}" for each in measures), within)


def _measures(limits: Rollout, compared: Compared) -> Iterator[_Measure]:
    ours, theirs = compared.release, compared.reference or Figures(requests=0, failed=0)
    beside = (
        f", {theirs.error_rate:.2%} of {theirs.requests} of the release before" if theirs.requests else ""
    )
    yield _Measure(
        f"{ours.error_rate:.2%} of {ours.requests} requests failed{beside}",
        ours.error_rate - theirs.error_rate,
        limits.max_error_rate,
        lambda confidence: _more_failures(ours, theirs, confidence),
        lambda value: f"{value:+.2%}",
    )
    ratio = compared.p95_ratio
    if ratio is not None:
        yield _Measure(
            f"p95 {ours.p95_ms:.0f} ms, {theirs.p95_ms:.0f} ms of the release before",
            ratio.value,
            limits.max_p95_ratio,
            ratio.bounds,
            lambda value: f"{value:.2f} times",
        )


def _more_failures(ours: Figures, theirs: Figures, confidence: float) -> tuple[float, float]:
    """Bounds of how much larger a part fails; against nothing, of the part itself."""
    before = (theirs.failed, theirs.requests) if theirs.requests else (0, 10**12)
    return difference((ours.failed, ours.requests), before, confidence)


def _few(limits: Rollout, compared: Compared) -> Iterator[str]:
    if compared.release.requests < limits.min_requests:
        yield f"{compared.release.requests} requests; {limits.min_requests} are needed"
    if compared.reference is not None and compared.p95_ratio is None:
        yield "too few requests, or in too little time, to tell how sure their p95 is"


def _harm(measure: _Measure, certain: float) -> str:
    found, lower = measure.show(measure.value), measure.show(measure.bounds(certain)[0])
    return f"{measure.words}: {found}, at least {lower}; {measure.show(measure.limit)} allowed"


def _doubt(measure: _Measure) -> str:
    upper = measure.bounds(CONFIDENCE)[1]
    if upper <= measure.limit:
        return ""
    return (
        f"{measure.words}: {measure.show(measure.value)}, and may be {measure.show(upper)};"
        f" {measure.show(measure.limit)} allowed"
    )
