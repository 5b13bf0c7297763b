"""Decide, failing closed, whether memory grows over the requests of a soak."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from relctl.statistics.proportion import LEAST_READINGS

WARM_UP = 0.2  # share of the requests in which caches fill and memory may grow
_LAST_THIRD = 2 / 3
_END = 0.95  # share of the requests after which there must be a reading
_PER = 1000  # requests for which growth is given
_MEBIBYTE = 1024**2

Reading = tuple[float, float]  # requests so far, resident bytes


@dataclass(frozen=True)
class Growth:
    """Bytes per 1,000 requests by where they were measured, and one sentence for each error."""

    per_thousand: dict[str, float]
    wrong: tuple[str, ...]


def conclude(readings: Sequence[Reading], requests: int, limit: float) -> Growth:
    """Pass only if memory grows by at most `limit` bytes per 1,000 requests in every part measured.

    A robust slope over everything misses a leak that begins late, and a step near the end. So the last third
    is also measured alone, and the end is compared with the beginning.
    """
    counted = [reading for reading in readings if reading[0] >= WARM_UP * requests]
    late = [reading for reading in counted if reading[0] >= _LAST_THIRD * requests]
    few = _too_few(counted, late, requests)
    if few:
        return Growth({}, (few,))
    found = {
        "over all": _PER * slope(counted),
        "in the last third": _PER * slope(late),
        "from beginning to end": _PER * _rise(counted),
    }
    wrong = [
        f"memory grows by {growth / _MEBIBYTE:.2f} MiB per 1,000 requests {where} "
        f"(limit {limit / _MEBIBYTE:.2f})"
        for where, growth in found.items()
        if not growth <= limit
    ]
    return Growth(found, tuple(wrong))


def _too_few(counted: Sequence[Reading], late: Sequence[Reading], requests: int) -> str:
    last = counted[-1][0] if counted else 0
    all_of_them, late_ones = ({number for number, _ in part} for part in (counted, late))
    if len(all_of_them) < LEAST_READINGS or len(late_ones) < LEAST_READINGS // 2:
        return (
            f"memory was read {len(all_of_them)} times, {len(late_ones)} of them late; "
            f"{LEAST_READINGS} and {LEAST_READINGS // 2} are needed"
        )
    if last < _END * requests:
        return f"memory was read only until request {last:.0f} of {requests}"
    return ""


def _rise(readings: Sequence[Reading]) -> float:
    """Return the slope from the first tenth of the readings to the last, by their medians."""
    tenth = max(len(readings) // 10, 1)
    (first, low), (last, high) = (
        (median(number for number, _ in part), median(size for _, size in part))
        for part in (readings[:tenth], readings[-tenth:])
    )
    return (high - low) / (last - first)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the Theil-Sen estimator, the median slope of all pairs of points; NaN for fewer than two.

    Sen 1968, Estimates of the regression coefficient based on Kendall's tau. Up to 29 % of the points may be
    outliers.
    """
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x1 != x2]
    return median(slopes) if slopes else float("nan")
