"""Bounds that hold at every look: tried at every look, they are not wrong more often than they say."""

import numpy
import pytest

from relctl.statistics import proportion
from relctl.statistics.clusters import Ratio
from relctl.statistics.sequential import bounds, difference

LOOKS = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)


def counted(draw: numpy.random.Generator, share: float) -> list[int]:
    """How many failed until each look."""
    return [int(draw.random(LOOKS[-1]).__lt__(share)[:look].sum()) for look in LOOKS]


@pytest.mark.parametrize(("ours", "theirs"), [(0.003, 0.001), (0.02, 0.02), (0.4, 0.1)])
def test_however_often_one_looks_the_difference_is_outside_as_seldom_as_promised(
    ours: float, theirs: float
) -> None:
    draw, outside, times, sure = numpy.random.default_rng(7), 0, 60, 0.9
    for _ in range(times):
        pairs = zip(LOOKS, counted(draw, ours), counted(draw, theirs), strict=True)
        found = [difference((a, look), (b, look), sure) for look, a, b in pairs]
        outside += any(not low <= ours - theirs <= high for low, high in found)
    assert outside / times <= 2 * (1 - sure)  # of both sides


def test_bounds_for_one_look_are_wrong_too_often_for_who_looks_at_all_times() -> None:
    """So the test above can fail."""
    draw, outside = numpy.random.default_rng(7), 0
    for _ in range(30):
        found = [
            proportion.difference((a, look), (b, look), 0.9)
            for look, a, b in zip(LOOKS, counted(draw, 0.4), counted(draw, 0.1), strict=True)
        ]
        outside += any(not low <= 0.3 <= high for low, high in found)
    assert outside / 30 > 0.2


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (10, 10), (3, 300), (40, 900)])
def test_they_are_wider_than_for_one_look_and_hold_what_was_counted(hits: int, of: int) -> None:
    (low, high), (once_low, once_high) = bounds(hits, of, 0.95), proportion.bounds(hits, of, 0.95)
    assert low <= once_low <= hits / of <= once_high <= high


def test_of_nothing_nothing_is_known() -> None:
    assert bounds(0, 0, 0.99) == (0.0, 1.0)
    assert difference((0, 0), (3, 10), 0.99) == (-1.0, 1.0)
    assert difference((3, 10), (0, 0), 0.99) == (-1.0, 1.0)


def test_the_other_way_round_it_is_the_other_way_round() -> None:
    low, high = difference((8, 800), (3, 9_000), 0.99)
    assert difference((3, 9_000), (8, 800), 0.99) == pytest.approx((-high, -low), abs=1e-6)


@pytest.mark.parametrize("failing", [1.0, 0.5, 0.05])
def test_great_harm_is_certain_soon(failing: float) -> None:
    soon = {1.0: 4, 0.5: 10, 0.05: 200}[failing]
    assert difference((failing * soon, soon), (2, 2_000), 0.99)[0] > 0.002


def test_who_counts_less_is_the_more_careful() -> None:
    whole, half = difference((8, 800), (0, 20_000), 0.99), difference((4, 400), (0, 20_000), 0.99)
    assert half[0] < whole[0] < whole[1] < half[1]
    assert whole[0] > difference((7.5, 790.5), (0, 20_000), 0.99)[0]


@pytest.mark.parametrize("error", [1e-9, 0.02, 0.2, 1.0])
def test_a_ratio_has_wider_bounds_for_who_looks_often(error: float) -> None:
    ratio = Ratio(1.1, error, 30)
    (low, high), (once_low, once_high) = ratio.always(0.99), ratio.bounds(0.99)
    assert low <= once_low <= 1.1 <= once_high <= high
    assert Ratio(1.1, 0.0, 30).always(0.99) == (1.1, 1.1)


def test_however_often_one_looks_a_ratio_is_outside_as_seldom_as_promised() -> None:
    draw, outside, times = numpy.random.default_rng(3), 0, 200
    for _ in range(times):
        steps = draw.normal(0.0, 0.5, 400)
        outside += any(
            not low <= 1.0 <= high
            for low, high in (
                Ratio(float(numpy.exp(steps[:of].mean())), 0.5 / of**0.5, 1_000).always(0.95)
                for of in range(10, 400, 10)
            )
        )
    assert outside / times <= 0.1
