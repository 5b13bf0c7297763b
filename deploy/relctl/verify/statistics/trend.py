"""Estimate a robust slope that a few outliers do not change."""

from collections.abc import Sequence
from itertools import combinations
from statistics import median


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the Theil-Sen estimator, the median slope of all pairs of points; NaN for fewer than two.

    Sen 1968, Estimates of the regression coefficient based on Kendall's tau. Up to 29 % of the points may be
    outliers.
    """
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x1 != x2]
    return median(slopes) if slopes else float("nan")
