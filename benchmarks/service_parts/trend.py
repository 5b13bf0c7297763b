"""Estimate how fast something grows, robust against single samples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

_NORMAL_95 = 1.96


@dataclass(frozen=True)
class Slope:
    """The slope of a line through points, and the lower end of its 95 % confidence interval."""

    value: float
    least: float


def slope(points: Sequence[tuple[float, float]]) -> Slope:
    """Return the Theil-Sen estimator: the median slope through all pairs of points; NaN for fewer than two.

    P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA 63 (1968): there also
    the interval. Samples that jump about say little, and then the least slope is far below zero.
    """
    pairs = combinations(points, 2)
    slopes = sorted((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs if x1 != x2)
    if not slopes:
        return Slope(math.nan, math.nan)
    number = len(points)
    spread = _NORMAL_95 * math.sqrt(number * (number - 1) * (2 * number + 5) / 18)
    return Slope(median(slopes), slopes[max(0, int((len(slopes) - spread) / 2))])
