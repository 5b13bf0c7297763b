"""Compute exact bounds of a proportion, and of the difference of two, since failures are few.

One proportion: Clopper and Pearson 1934, The use of confidence or fiducial limits. A difference: their limits
combined by the method of variance estimates recovery (Newcombe 1998, Interval estimation for the difference
between independent proportions, method 10; Zou and Donner 2008). If one side never failed, or is far larger,
the result is the exact bound of the other.
"""

from math import ceil, exp, lgamma, log, log1p

_HALVINGS = 60
_SMALLEST = 1e-300
_CLOSE = 1e-12
_LONGEST = 100_000  # terms; about the square root of the number of requests is needed

Counts = tuple[float, float]  # hits and total; fractions where some count less
LEAST_CLUSTERS = 10  # rounds, or spans of time; bootstrap bounds over fewer mean little
LEAST_ABOVE = 10  # requests above a percentile, which decide it
# With fewer, bootstrap percentiles are too narrow, however large the margin is.
LEAST_SENTENCES = 150
LEAST_READINGS = 10  # of memory, after the warm-up; half as many in the last third
LEAST_SOAK = 12  # requests: fewer cannot give enough readings, each after another request


def bounds(hits: float, of: float, confidence: float) -> tuple[float, float]:
    """Return the lower and upper bound of a proportion, one-sided of `confidence` each; 0 to 1 of nothing."""
    lower = 0.0 if hits == 0 else _quantile(1 - confidence, hits, of - hits + 1)
    upper = 1.0 if hits == of else _quantile(confidence, hits + 1, of - hits)
    return lower, upper


def difference(ours: Counts, theirs: Counts, confidence: float) -> tuple[float, float]:
    """Return bounds of our proportion minus theirs, each side as (hits, total); -1 to 1 for an empty side."""
    if not ours[1] or not theirs[1]:
        return -1.0, 1.0
    (low, high), (their_low, their_high) = bounds(*ours, confidence), bounds(*theirs, confidence)
    share, their_share = ours[0] / ours[1], theirs[0] / theirs[1]
    between = share - their_share
    lower = between - ((share - low) ** 2 + (their_high - their_share) ** 2) ** 0.5
    upper = between + ((high - share) ** 2 + (their_share - their_low) ** 2) ** 0.5
    return lower, upper


def _quantile(probability: float, a: float, b: float) -> float:
    """Return the quantile of the beta distribution, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, a, b) < probability else (low, middle)
    return (low + high) / 2


def _below(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function (Abramowitz and Stegun 1964, 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # here the fraction converges slowly, and its mirror fast
        return 1 - _below(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    return front * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate its fraction by Lentz's method (1976, Generating Bessel functions in Mie scattering)."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _LONGEST):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            found *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return found


def _not_zero(value: float) -> float:
    return value if abs(value) > _SMALLEST else _SMALLEST


def least_requests(percentile: float) -> int:
    """Return how many requests a side needs for a percentile (0 to 100)."""
    return ceil(LEAST_ABOVE / (1 - percentile / 100) - 1e-9)
