"""The paired bootstrap: how sure a difference between two releases is, over the same sentences.

Koehn 2004, Statistical significance tests for machine translation evaluation. A few badly wrong sentences
make the difference skew, and its plain percentiles too narrow. So bounds are corrected for bias and
acceleration (BCa; Efron 1987, Better bootstrap confidence intervals), and expanded for small samples
(Hesterberg 2015, What teachers should know about the bootstrap).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy
from numpy.typing import NDArray

from relctl.statistics.clusters import CONFIDENCE, RESAMPLES, Numbers
from relctl.statistics.student import NORMAL, t_quantile
from relctl.verify.statistics.scores import Score

_BLOCK = 500  # resamples at a time, which bounds the memory


@dataclass(frozen=True)
class Difference:
    """A score of the candidate minus that of the reference, and what it could be for other sentences.

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
        """Less than 0 when the candidate scores less."""
        return self.candidate - self.reference


def paired(score: Score, candidate: Numbers, reference: Numbers, seed: int) -> Difference:
    """Compare two releases by the statistics of the same sentences, each of shape (sentences, counts).

    Every resample draws as many sentences as there are, with replacement, the same ones for both sides.
    The same seed gives the same bounds.
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
    """How often each sentence is drawn, of shape (RESAMPLES, sentences); the same for every score."""
    draw = numpy.random.default_rng(seed)
    return draw.multinomial(sentences, numpy.full(sentences, 1 / sentences), RESAMPLES).astype(numpy.int16)


def _differences(score: Score, sums: Numbers) -> Numbers:
    """The difference that each sum of both sides' counts, one behind the other, makes."""
    ours, theirs = numpy.split(sums, 2, axis=-1)
    return score.of_sums(ours) - score.of_sums(theirs)


def _bounds(drawn: Numbers, found: float, left_out: Numbers) -> tuple[float, float]:
    """Bounds of what was found, from what resamples gave and what is left without each one sentence."""
    below = ((drawn < found).mean() + (drawn <= found).mean()) / 2
    least = 0.5 / len(drawn)  # no share of resamples is known better than that
    bias = NORMAL.inv_cdf(float(numpy.clip(below, least, 1 - least)))
    acceleration = _acceleration(left_out)
    size = len(left_out)
    far = t_quantile(CONFIDENCE, size - 1) * (size / (size - 1)) ** 0.5
    moved = [bias + (bias + at) / (1 - acceleration * (bias + at)) for at in (-far, far)]
    lower, upper = numpy.quantile(drawn, [NORMAL.cdf(at) for at in moved])
    return float(lower), float(upper)


def _acceleration(left_out: Numbers) -> float:
    """A sixth of the skewness of what single sentences do (the jackknife's), 0 where they do nothing."""
    each = left_out.mean() - left_out
    spread = float((each**2).sum()) ** 1.5
    return float((each**3).sum()) / (6 * spread) if spread > 0 else 0.0
