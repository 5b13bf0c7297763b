"""The cluster bootstrap: how sure the ratio of two percentiles is, over rounds or spans of time.

What else a machine does meets the requests of one round alike, so they are not independent: whole rounds
are drawn (Davison and Hinkley 1997, Bootstrap Methods and their Application, section 3.8). Rounds are few,
and the percentiles of a bootstrap over few clusters are too narrow; so it gives only the standard error of
the ratio's logarithm, and Student's t the bounds (Cameron and Miller 2015, A practitioner's guide to
cluster-robust inference, on few clusters).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import exp

import numpy
from numpy.typing import NDArray

from relctl.statistics.student import t_quantile

Numbers = NDArray[numpy.float64]

RESAMPLES = 2_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Ratio:
    """How many times as large something is, and the standard error of its logarithm from so many clusters."""

    value: float
    error: float
    clusters: int

    def bounds(self, confidence: float) -> tuple[float, float]:
        """The lower and the upper bound, one-sided of `confidence` each."""
        apart = exp(t_quantile(confidence, self.clusters - 1) * self.error)
        return self.value / apart, self.value * apart


@lru_cache(maxsize=4)  # an observation asks for the same ones at every look
def draws(clusters: int, seed: int) -> NDArray[numpy.float32]:
    """How often each cluster is drawn, of shape (RESAMPLES, clusters); the same seed gives the same."""
    draw = numpy.random.default_rng(seed)
    found = draw.multinomial(clusters, numpy.full(clusters, 1 / clusters), RESAMPLES).astype(numpy.float32)
    found.flags.writeable = False
    return found


def standard_error(resampled: Numbers, clusters: int) -> float:
    """The standard error of what was computed of each resample, whose clusters spread by n - 1 of n parts."""
    return float(resampled.std(ddof=1) * (clusters / (clusters - 1)) ** 0.5)
