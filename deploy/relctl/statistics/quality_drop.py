"""Decide, failing closed, whether a release translates worse than another by more than a margin.

Bounds come from the paired bootstrap over the same sentences: Koehn 2004, Statistical significance tests for
machine translation evaluation. A few very bad sentences skew the difference and make its plain percentiles
too narrow. So bounds are corrected for bias and acceleration
(BCa; Efron 1987, Better bootstrap confidence intervals), and expanded for small samples (Hesterberg 2015,
What teachers should know about the bootstrap).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy
from numpy.typing import NDArray

from relctl.statistics.clusters import CONFIDENCE, NORMAL, RESAMPLES, Numbers, t_quantile
from relctl.statistics.proportion import LEAST_SENTENCES
from relctl.statistics.scores import Score

# Standard errors of a drop that a one-sided test at 5 % detects with 80 % power (1.645 + 0.842).
_TOLD_FROM_NONE = 2.487
_BLOCK = 500  # resamples at a time, which bounds the memory


@dataclass(frozen=True)
class Conclusion:
    """Whether a candidate passes, with one sentence for each reason."""

    passed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A score of the candidate minus the reference's, with its bounds for other sentences.

    `lower` and `upper` are one-sided bounds, of CONFIDENCE each; `error` is the standard error. In points.
    """

    candidate: float
    reference: float
    lower: float
    upper: float
    error: float
    sentences: int

    @property
    def value(self) -> float:
        """Return the difference, negative if the candidate scores less."""
        return self.candidate - self.reference


def too_few(sentences: int) -> str:
    """Return why that many sentences prove nothing, "" if they suffice."""
    if sentences >= LEAST_SENTENCES:
        return ""
    return f"{sentences} sentences are too few; {LEAST_SENTENCES} are needed"


def compare(counted: Mapping[Score, tuple[Numbers, Numbers]], seed: int) -> dict[str, Difference]:
    """Return the difference in every score, by its name, from both sides' counts of each sentence."""
    return {score.name: paired(score, *sides, seed) for score, sides in counted.items()}


def conclude(differences: Mapping[str, Difference], margins: Mapping[str, float]) -> Conclusion:
    """Pass only if every score's lower bound is above minus its margin (points, above 0).

    A drop as large as a margin is refused in about 95 % of cases, a larger one more often. A small sample
    also refuses good releases, and one below LEAST_SENTENCES refuses all.
    """
    few = too_few(min(difference.sentences for difference in differences.values()))
    if few:
        return Conclusion(False, (few,))
    worse = [name for name, difference in differences.items() if not difference.lower > -margins[name]]
    reasons = tuple(_words(name, differences[name], margins[name]) for name in worse or differences)
    return Conclusion(not worse, reasons)


def _words(name: str, difference: Difference, margin: float) -> str:
    bound = f"{100 * CONFIDENCE:g} % bound {difference.lower:+.2f}"
    return f"{name} {difference.value:+.2f} ({bound}), allowed {-margin:g}"


def told_from_none(difference: Difference) -> float:
    """Return the minimum detectable drop at 80 % power, in points."""
    return _TOLD_FROM_NONE * difference.error


def paired(score: Score, candidate: Numbers, reference: Numbers, seed: int) -> Difference:
    """Compare two releases by the statistics of the same sentences, each of shape (sentences, counts).

    Every resample draws as many sentences as there are, with replacement, the same ones for both sides. The
    same seed gives the same bounds.
    """
    both = numpy.hstack([candidate, reference])
    sums = both.sum(axis=0)
    draws = _draws(len(both), seed)
    blocks = [draws[at : at + _BLOCK] for at in range(0, RESAMPLES, _BLOCK)]
    drawn = numpy.concatenate([_differences(score, times @ both) for times in blocks])
    lower, upper = _bounds(drawn, float(_differences(score, sums)), _differences(score, sums - both))
    return Difference(
        candidate=score.of(candidate),
        reference=score.of(reference),
        lower=lower,
        upper=upper,
        error=float(drawn.std(ddof=1)),
        sentences=len(both),
    )


@lru_cache(maxsize=4)
def _draws(sentences: int, seed: int) -> NDArray[numpy.int16]:
    """Return how often each sentence is drawn, of shape (RESAMPLES, sentences); the same for every score."""
    draw = numpy.random.default_rng(seed)
    return draw.multinomial(sentences, numpy.full(sentences, 1 / sentences), RESAMPLES).astype(numpy.int16)


def _differences(score: Score, sums: Numbers) -> Numbers:
    """Return the difference for each sum of both sides' concatenated counts."""
    ours, theirs = numpy.split(sums, 2, axis=-1)
    return score.of_sums(ours) - score.of_sums(theirs)


def _bounds(drawn: Numbers, found: float, left_out: Numbers) -> tuple[float, float]:
    """Return bounds of the difference found, from its resamples and its jackknife values."""
    below = ((drawn < found).mean() + (drawn <= found).mean()) / 2
    least = 0.5 / len(drawn)  # the resolution of a proportion of resamples
    bias = NORMAL.inv_cdf(float(numpy.clip(below, least, 1 - least)))
    acceleration = _acceleration(left_out)
    size = len(left_out)
    far = t_quantile(CONFIDENCE, size - 1) * (size / (size - 1)) ** 0.5
    moved = [bias + (bias + at) / (1 - acceleration * (bias + at)) for at in (-far, far)]
    lower, upper = numpy.quantile(drawn, [NORMAL.cdf(at) for at in moved])
    return float(lower), float(upper)


def _acceleration(left_out: Numbers) -> float:
    """Return a sixth of the skewness of the jackknife's influences, 0 where there are none."""
    each = left_out.mean() - left_out
    spread = float((each**2).sum()) ** 1.5
    return float((each**3).sum()) / (6 * spread) if spread > 0 else 0.0
