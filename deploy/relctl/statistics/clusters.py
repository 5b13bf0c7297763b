"""Bound the ratio of two percentiles over rounds or spans of time, by the cluster bootstrap.

A disturbance of the machine affects all requests of one round, so they are not independent: whole rounds are
drawn (Davison and Hinkley 1997, Bootstrap Methods and their Application, section 3.8). Rounds are few, and
bootstrap percentiles over few clusters are too narrow. So the bootstrap gives only the standard error of the
ratio's logarithm, and Student's t the bounds (Cameron and Miller 2015, A practitioner's guide to
cluster-robust inference, on few clusters). Repeated looks take wider bounds, those of a normal mixture
(Robbins 1970; Johari, Koomen, Pekelis and Walsh 2022, Always valid inference: continuous monitoring of A/B
tests). They hold at all looks if the logarithm is normal at each.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf, log, sqrt
from statistics import NormalDist

import numpy
from numpy.typing import NDArray

Numbers = NDArray[numpy.float64]

RESAMPLES = 2_000
CONFIDENCE = 0.95
_EXPECTED = 0.2  # the spread of the mixture: about what a policy allows, as a logarithm
_SUREST = 7.0  # standard errors; quantiles further out cannot be computed
NORMAL = NormalDist()


@dataclass(frozen=True)
class Ratio:
    """A ratio, and the standard error of its logarithm from that many clusters."""

    value: float
    error: float
    clusters: int

    def bounds(self, confidence: float) -> tuple[float, float]:
        """Return the lower and the upper bound for a single look, one-sided of `confidence` each."""
        apart = exp(t_quantile(confidence, self.clusters - 1) * self.error)
        return self.value / apart, self.value * apart

    def always(self, confidence: float) -> tuple[float, float]:
        """Return the lower and the upper bound valid at all looks, one-sided of `confidence` each."""
        more = 1 + (_EXPECTED / self.error) ** 2 if self.error else inf
        errors = sqrt(2 * more / (more - 1) * log(sqrt(more) / (2 * (1 - confidence)))) if more < inf else 0.0
        return self.bounds(NORMAL.cdf(min(errors, _SUREST)))


@lru_cache(maxsize=4)  # an observation uses the same ones at every look
def draws(clusters: int, seed: int) -> NDArray[numpy.float32]:
    """Return how often each cluster is drawn, of shape (RESAMPLES, clusters), determined by the seed."""
    draw = numpy.random.default_rng(seed)
    found = draw.multinomial(clusters, numpy.full(clusters, 1 / clusters), RESAMPLES).astype(numpy.float32)
    found.flags.writeable = False
    return found


def standard_error(resampled: Numbers, clusters: int) -> float:
    """Return a resampled statistic's standard error, its variance corrected by n / (n - 1) for n clusters."""
    return float(resampled.std(ddof=1) * (clusters / (clusters - 1)) ** 0.5)


def t_quantile(probability: float, freedom: int) -> float:
    """Return the quantile of Student's t, to three decimals from nine degrees of freedom on.

    Abramowitz and Stegun 1964, Handbook of Mathematical Functions, formula 26.7.5.
    """
    z = NORMAL.inv_cdf(probability)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))
