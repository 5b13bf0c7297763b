"""Percentiles of counted milliseconds, and how sure they are over spans of time."""

from collections import Counter

import numpy
import pytest

from relctl.statistics.clusters import Ratio, draws, standard_error
from relctl.statistics.histogram import column, column_width, histograms


def test_the_percentile_is_that_of_the_times_themselves() -> None:
    times = numpy.random.default_rng(3).lognormal(3, 0.5, 20_000)
    spans = [Counter(int(time) for time in part) for part in numpy.array_split(times, 20)]
    [found] = histograms([spans])
    for percentile in (50, 95, 99):
        assert found.percentile(percentile) == pytest.approx(numpy.percentile(times, percentile), rel=0.01)


def test_times_below_a_millisecond_are_no_zero() -> None:
    [found] = histograms([[{0: 1_000}]])
    assert 0 < found.percentile(50) < found.percentile(95) < 1


def test_a_span_without_requests_changes_nothing() -> None:
    full, gaps = histograms([[{3: 10, 9: 10}], [{3: 10}, {}, {9: 10}, {}]])
    assert full.percentile(95) == gaps.percentile(95)


@pytest.mark.parametrize(
    ("milliseconds", "expected", "width"),
    [(0, 0, 1), (999, 999, 1), (1_000, 1_000, 10), (1_234, 1_230, 10), (75_049, 75_000, 100)],
)
def test_three_digits_are_kept(milliseconds: int, expected: int, width: int) -> None:
    assert column(milliseconds) == expected
    assert column_width(milliseconds) == width


def test_a_resample_of_each_span_once_is_the_sample() -> None:
    [found] = histograms([[{3: 10, 4: 1}, {5: 2}, {90: 1}]])
    assert found.resampled(95, numpy.ones((2, 3), numpy.float32)) == pytest.approx([found.percentile(95)] * 2)


@pytest.mark.parametrize("truth", [1.0, 1.3])
def test_a_bound_of_the_ratio_is_wrong_about_as_often_as_it_promises(truth: float) -> None:
    draw = numpy.random.default_rng(11)
    times, wrong = 150, 0
    for number in range(times):
        weather = draw.normal(0, 0.15, (20, 1))
        sides = [
            [Counter(map(int, span)) for span in scale * numpy.exp(draw.normal(3.5, 0.4, (20, 40)) + weather)]
            for scale in (truth, 1.0)
        ]
        ours, theirs = histograms(sides)
        drawn = draws(20, number)
        error = standard_error(numpy.log(ours.resampled(95, drawn) / theirs.resampled(95, drawn)), 20)
        wrong += Ratio(ours.percentile(95) / theirs.percentile(95), error, 20).bounds(0.95)[1] < truth
    assert wrong / times <= 0.05 + 3 * (0.05 * 0.95 / times) ** 0.5
