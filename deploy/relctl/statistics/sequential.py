"""Compute bounds of a proportion, and of the difference of two, valid at every look however often.

One proportion: the mixture martingale of Robbins (1970, Statistical methods related to the law of the
iterated logarithm), with beta distributions as the mixture. It is the likelihood of the counts under the
mixture over that under a supposed proportion. If the supposition is true, then by Ville's inequality it never
exceeds 1 / (1 - confidence), with probability `confidence`. Two proportions: the product of both, at the
suppositions it contradicts least (Turner and Grünwald 2023, Exact anytime-valid confidence intervals for
contingency tables and beyond). Counts may be fractions: counting a request less only makes bounds more
cautious.
"""

from collections.abc import Callable
from math import exp, lgamma, log, log1p

from relctl.statistics.proportion import Counts

# Weight and shape: failures are usually few; a tenth of the mixture covers any proportion.
_MIXTURE = ((0.9, 0.25, 50.0), (0.1, 0.5, 0.5))
_FINE = 26  # bisections of a proportion: to 0.000002 %
_NEAR = 1e-12


def bounds(hits: float, of: float, confidence: float) -> tuple[float, float]:
    """Return the lower and upper bound of a proportion, one-sided of `confidence` each; 0 to 1 of nothing."""
    if not of:
        return 0.0, 1.0
    worth = _worth((hits, of)) + log1p(-confidence)

    def excluded(at: float) -> bool:
        return worth + _against((hits, of), at) >= 0

    return _halve(0.0, hits / of, excluded), _halve(1.0, hits / of, excluded)


def difference(ours: Counts, theirs: Counts, confidence: float) -> tuple[float, float]:
    """Return bounds of our proportion minus theirs, one-sided of `confidence`; -1 to 1 if one is empty."""
    return _least(ours, theirs, confidence), -_least(theirs, ours, confidence)


def _least(ours: Counts, theirs: Counts, confidence: float) -> float:
    if not ours[1] or not theirs[1]:
        return -1.0
    worth = _worth(ours) + _worth(theirs) + log1p(-confidence)
    between = ours[0] / ours[1] - theirs[0] / theirs[1]
    return _halve(-1.0, between, lambda at: worth + _least_against(ours, theirs, at) >= 0)


def _worth(found: Counts) -> float:
    """Return the log-likelihood of the counts under the mixture."""
    hits, misses = found[0], found[1] - found[0]
    each = [log(weight) + _beta(a + hits, b + misses) - _beta(a, b) for weight, a, b in _MIXTURE]
    most = max(each)
    return most + log(sum(exp(one - most) for one in each))


def _least_against(ours: Counts, theirs: Counts, apart: float) -> float:
    """Return the least evidence of both counts against two proportions `apart` from each other; convex."""

    def falls(their_share: float) -> bool:
        return _slope(ours, their_share + apart) + _slope(theirs, their_share) <= 0

    least = _halve(max(0.0, -apart), min(1.0, 1.0 - apart), falls)
    return _against(ours, least + apart) + _against(theirs, least)


def _against(found: Counts, supposed: float) -> float:
    """Return the evidence against a proportion: the negative log-likelihood of the counts."""
    hits, misses = found[0], found[1] - found[0]
    at = min(max(supposed, _NEAR), 1 - _NEAR)
    return -hits * log(at) - misses * log1p(-at)


def _slope(found: Counts, supposed: float) -> float:
    hits, misses = found[0], found[1] - found[0]
    at = min(max(supposed, _NEAR), 1 - _NEAR)
    return misses / (1 - at) - hits / at


def _halve(first: float, last: float, still: Callable[[float], bool]) -> float:
    """Return by bisection the last value from `first` towards `last` for which `still` is true."""
    for _ in range(_FINE):
        middle = (first + last) / 2
        first, last = (middle, last) if still(middle) else (first, middle)
    return first


def _beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
