"""Bounds of shares that were counted: exact, and never narrower than they promise."""

from math import comb

import numpy
import pytest

from relctl.statistics.proportion import bounds, difference


def upto(hits: int, of: int, share: float) -> float:
    """The chance of at most so many hits."""
    return sum(comb(of, each) * share**each * (1 - share) ** (of - each) for each in range(hits + 1))


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (1, 10), (5, 10), (9, 10), (3, 300), (40, 900)])
@pytest.mark.parametrize("confidence", [0.95, 0.999])
def test_the_bounds_are_the_shares_that_just_make_the_count_unlikely(
    hits: int, of: int, confidence: float
) -> None:
    lower, upper = bounds(hits, of, confidence)
    if hits:
        assert 1 - upto(hits - 1, of, lower) == pytest.approx(1 - confidence, rel=1e-6)
    assert upto(hits, of, upper) == pytest.approx(1 - confidence, rel=1e-6)


def test_all_and_none_have_one_bound() -> None:
    assert bounds(0, 100, 0.95)[0] == 0
    assert bounds(100, 100, 0.95)[1] == 1
    assert bounds(0, 1500, 0.95)[1] == pytest.approx(0.002, abs=0.00001)  # the rule of three


def test_millions_of_requests_are_no_trouble() -> None:
    lower, upper = bounds(1_800, 1_800_000, 0.95)
    assert (lower, upper) == pytest.approx((0.000962, 0.00104), abs=2e-6)
    lower, upper = bounds(900_000, 1_800_000, 0.95)
    assert (lower, upper) == pytest.approx((0.5 - 0.000614, 0.5 + 0.000614), abs=2e-6)


def test_nothing_counted_bounds_nothing() -> None:
    assert difference((0, 0), (0, 100), 0.95) == (-1, 1)
    assert difference((0, 100), (0, 0), 0.95) == (-1, 1)


def test_with_a_side_that_never_failed_the_difference_is_about_the_other() -> None:
    lower, upper = difference((8, 800), (0, 1_000_000), 0.95)
    assert (lower, upper) == pytest.approx(bounds(8, 800, 0.95), abs=1e-5)


@pytest.mark.parametrize(("ours", "theirs"), [(0.01, 0.008), (0.001, 0.001), (0.02, 0.001)])
@pytest.mark.parametrize(("of", "their_of"), [(400, 7_600), (1_000, 1_000), (5_000, 2_000)])
def test_a_bound_is_wrong_no_more_often_than_it_promises(
    ours: float, theirs: float, of: int, their_of: int
) -> None:
    draw = numpy.random.default_rng(7)
    times = 300
    hits, their_hits = draw.binomial(of, ours, times), draw.binomial(their_of, theirs, times)
    found = [
        difference((int(a), of), (int(b), their_of), 0.95) for a, b in zip(hits, their_hits, strict=True)
    ]
    chance = 3 * (0.05 * 0.95 / times) ** 0.5
    assert sum(lower > ours - theirs for lower, _ in found) / times <= 0.05 + chance
    assert sum(upper < ours - theirs for _, upper in found) / times <= 0.05 + chance
