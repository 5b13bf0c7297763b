"""Whether memory grows over the requests of a soak: decided to fail closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from relctl.statistics.least import LEAST_READINGS
from relctl.verify.statistics.trend import slope

WARM_UP = 0.2  # part of the requests, in which caches fill and memory may grow
_LAST_THIRD = 2 / 3
_END = 0.95  # part of the requests, after which there must be a reading
_PER = 1000  # requests that growth is told for
_MEBIBYTE = 1024**2

Reading = tuple[float, float]  # requests so far, resident bytes


@dataclass(frozen=True)
class Growth:
    """Bytes in 1,000 requests by where they were looked for, and one sentence for all that is wrong."""

    per_thousand: dict[str, float]
    wrong: tuple[str, ...]


def conclude(readings: Sequence[Reading], requests: int, limit: float) -> Growth:
    """Pass only when memory grows by no more than `limit` bytes in 1,000 requests, wherever one looks.

    A robust slope over everything does not see a leak that begins late, nor a step near the end: the last
    third is looked at by itself, and the end is held against the beginning.
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
        f"memory grows by {growth / _MEBIBYTE:.2f} MiB in 1,000 requests {where}; "
        f"{limit / _MEBIBYTE:.2f} are allowed"
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
        return f"memory was read until request {last:.0f} of {requests} only"
    return ""


def _rise(readings: Sequence[Reading]) -> float:
    """The slope from the first tenth of the readings to the last one, by their medians."""
    tenth = max(len(readings) // 10, 1)
    (first, low), (last, high) = (
        (median(number for number, _ in part), median(size for _, size in part))
        for part in (readings[:tenth], readings[-tenth:])
    )
    return (high - low) / (last - first)
