"""Whether a release answers no slower than another one, by more than a margin: decided to fail closed.

Both are measured in turns, in rounds of some seconds. What else the machine does meets the requests of one
round alike, so they are not independent: the bootstrap draws whole rounds (a cluster bootstrap; Davison and
Hinkley 1997, Bootstrap Methods and their Application, section 3.8). Rounds are few, and the percentiles of a
bootstrap over few clusters are too narrow; so it gives only the standard error of the ratio's logarithm, and
Student's t the bounds (Cameron and Miller 2015, A practitioner's guide to cluster-robust inference, on few
clusters).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from relctl.verify.statistics.bootstrap import CONFIDENCE, RESAMPLES, t_quantile
from relctl.verify.statistics.quality import Conclusion
from relctl.verify.statistics.scores import Numbers

# A percentile is decided by what lies above it, and rounds are what is drawn.
LEAST_ABOVE = 10
LEAST_ROUNDS = 10


@dataclass(frozen=True)
class Ratio:
    """A percentile of both sides in seconds, and bounds of their ratio."""

    percentile: float
    candidate: float
    reference: float
    lower: float
    upper: float

    @property
    def value(self) -> float:
        """More than 1 when the candidate is slower."""
        return self.candidate / self.reference


@dataclass(frozen=True)
class Latencies:
    """Seconds of each request, by round: arrays of shape (rounds, requests), in the same rounds."""

    candidate: Numbers
    reference: Numbers


def least_requests(percentile: float) -> int:
    """How many requests a side needs for a percentile (0 to 100)."""
    return int(numpy.ceil(LEAST_ABOVE / (1 - percentile / 100) - 1e-9))


def too_few(rounds: int, requests: int, percentiles: Sequence[float]) -> str:
    """Why so many rounds and requests of a side are too few for its percentiles, "" when they are enough."""
    needed = max(map(least_requests, percentiles))
    if rounds >= LEAST_ROUNDS and requests >= needed:
        return ""
    return f"{requests} requests in {rounds} rounds are too few; {needed} in {LEAST_ROUNDS} are needed"


def ratios(latencies: Latencies, percentiles: Sequence[float], seed: int) -> list[Ratio]:
    """Compare percentiles; the same seed gives the same bounds, one-sided of CONFIDENCE each."""
    rounds = len(latencies.candidate)
    draw = numpy.random.default_rng(seed)
    times = draw.multinomial(rounds, numpy.full(rounds, 1 / rounds), RESAMPLES).astype(numpy.float32)
    return [_ratio(latencies, percentile, times) for percentile in percentiles]


def _ratio(latencies: Latencies, percentile: float, times: NDArray[numpy.float32]) -> Ratio:
    sides = (latencies.candidate, latencies.reference)
    measured = [float(numpy.percentile(side, percentile, method="inverted_cdf")) for side in sides]
    ours, theirs = (resampled(side, percentile, times) for side in sides)
    rounds = len(latencies.candidate)
    # A resample's rounds spread by n - 1 of n parts only.
    error = numpy.log(ours / theirs).std(ddof=1) * (rounds / (rounds - 1)) ** 0.5
    apart = float(numpy.exp(t_quantile(CONFIDENCE, rounds - 1) * error))
    value = measured[0] / measured[1]
    return Ratio(percentile, measured[0], measured[1], value / apart, value * apart)


def resampled(side: Numbers, percentile: float, times: NDArray[numpy.float32]) -> Numbers:
    """The percentile of each resample, which has every round of shape (rounds, requests) so many `times`.

    The least latency that enough requests do not exceed, found by halving for all resamples at once:
    sorting thousands of them would take most of the gate's time.
    """
    rounds, requests = side.shape
    order = numpy.argsort(side, axis=None, kind="stable")
    found = numpy.zeros((side.size + 1, rounds), numpy.float32)
    found[numpy.arange(1, side.size + 1), order // requests] = 1
    found = found.cumsum(axis=0)  # how many of each round are among the first so many of all
    enough = numpy.ceil(percentile / 100 * side.size - 1e-9)
    low, high = numpy.zeros(len(times), int), numpy.full(len(times), side.size)
    while (high - low).max() > 1:
        middle = (low + high) // 2
        is_enough = numpy.einsum("ij,ij->i", times, found[middle]) >= enough
        low, high = numpy.where(is_enough, low, middle), numpy.where(is_enough, middle, high)
    found_at: NDArray[numpy.intp] = order[high - 1]
    return side.reshape(-1)[found_at]


def conclude(latencies: Latencies, found: Sequence[Ratio], margins: Mapping[float, float]) -> Conclusion:
    """Pass only when every ratio's upper bound is below 1 plus its margin (by percentile, above 0)."""
    few = too_few(len(latencies.candidate), latencies.candidate.size, [ratio.percentile for ratio in found])
    if few:
        return Conclusion(False, (few,))
    slower = [
        f"p{ratio.percentile:g} may be {ratio.upper:.2f} times as long (measured {ratio.value:.2f}); "
        f"{1 + margins[ratio.percentile]:.2f} is allowed"
        for ratio in found
        if not ratio.upper < 1 + margins[ratio.percentile]
    ]
    if slower:
        return Conclusion(False, tuple(slower))
    return Conclusion(
        True,
        tuple(
            f"p{ratio.percentile:g} {ratio.value:.2f} times, at worst {ratio.upper:.2f}" for ratio in found
        ),
    )
