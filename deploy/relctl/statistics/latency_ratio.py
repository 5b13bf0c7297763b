"""Decide, failing closed, whether a release answers slower than another by more than a margin.

Both are measured in turns, in rounds of some seconds; the bootstrap draws whole rounds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from relctl.statistics import clusters
from relctl.statistics.clusters import CONFIDENCE, Numbers
from relctl.statistics.proportion import LEAST_CLUSTERS, least_requests
from relctl.statistics.quality_drop import Conclusion


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
        """Return the ratio, above 1 if the candidate is slower."""
        return self.candidate / self.reference


@dataclass(frozen=True)
class Latencies:
    """Seconds of each request, by round: arrays of shape (rounds, requests), in the same rounds."""

    candidate: Numbers
    reference: Numbers


def too_few(rounds: int, requests: int, percentiles: Sequence[float]) -> str:
    """Return why a side's rounds and requests are too few for its percentiles, "" if they suffice."""
    needed = max(map(least_requests, percentiles))
    if rounds >= LEAST_CLUSTERS and requests >= needed:
        return ""
    return f"{requests} requests in {rounds} rounds are too few; {needed} in {LEAST_CLUSTERS} are needed"


def ratios(latencies: Latencies, percentiles: Sequence[float], seed: int) -> list[Ratio]:
    """Compare percentiles; the same seed gives the same bounds, one-sided of CONFIDENCE each."""
    rounds = len(latencies.candidate)
    times = clusters.draws(rounds, seed)
    return [_ratio(latencies, percentile, times) for percentile in percentiles]


def _ratio(latencies: Latencies, percentile: float, times: NDArray[numpy.float32]) -> Ratio:
    sides = (latencies.candidate, latencies.reference)
    measured = [float(numpy.percentile(side, percentile, method="inverted_cdf")) for side in sides]
    ours, theirs = (resampled(side, percentile, times) for side in sides)
    rounds = len(latencies.candidate)
    error = clusters.standard_error(numpy.log(ours / theirs), rounds)
    value = measured[0] / measured[1]
    lower, upper = clusters.Ratio(value, error, rounds).bounds(CONFIDENCE)
    return Ratio(percentile, measured[0], measured[1], lower, upper)


def resampled(side: Numbers, percentile: float, times: NDArray[numpy.float32]) -> Numbers:
    """Return the percentile of each resample; `times` holds how often it has each round.

    `side` has shape (rounds, requests). The least latency that enough requests do not exceed is found by
    bisection for all resamples at once: sorting thousands of them would take most of the gate's time.
    """
    rounds, requests = side.shape
    order = numpy.argsort(side, axis=None, kind="stable")
    found = numpy.zeros((side.size + 1, rounds), numpy.float32)
    found[numpy.arange(1, side.size + 1), order // requests] = 1
    found = found.cumsum(axis=0)  # how many of each round are among the first n of all
    enough = numpy.ceil(percentile / 100 * side.size - 1e-9)
    low, high = numpy.zeros(len(times), int), numpy.full(len(times), side.size)
    while (high - low).max() > 1:
        middle = (low + high) // 2
        is_enough = numpy.einsum("ij,ij->i", times, found[middle]) >= enough
        low, high = numpy.where(is_enough, low, middle), numpy.where(is_enough, middle, high)
    found_at: NDArray[numpy.intp] = order[high - 1]
    return side.reshape(-1)[found_at]


def conclude(latencies: Latencies, found: Sequence[Ratio], margins: Mapping[float, float]) -> Conclusion:
    """Pass only if every ratio's upper bound is below 1 plus its margin (by percentile, above 0)."""
    few = too_few(len(latencies.candidate), latencies.candidate.size, [ratio.percentile for ratio in found])
    if few:
        return Conclusion(False, (few,))
    limits = {percentile: 1 + margin for percentile, margin in margins.items()}
    slower = [ratio for ratio in found if not ratio.upper < limits[ratio.percentile]]
    return Conclusion(not slower, tuple(_words(ratio, limits[ratio.percentile]) for ratio in slower or found))


def _words(ratio: Ratio, limit: float) -> str:
    bounds = f"upper bound {ratio.upper:.2f}x, limit {limit:.2f}x"
    return f"p{ratio.percentile:g} {ratio.value:.2f}x of live ({bounds})"
