"""What the gates conclude: better is never refused for certain, worse never let through, doubt is a no."""

import numpy
import pytest

from relctl.statistics import latency_ratio, quality_drop
from relctl.statistics.growth import slope
from relctl.statistics.latency_ratio import Latencies, ratios, resampled
from relctl.statistics.proportion import least_requests
from relctl.statistics.quality_drop import Difference

MARGINS = {50.0: 0.15, 95.0: 0.25}


def difference(value: float, lower: float, sentences: int = 200) -> Difference:
    return Difference(40 + value, 40, lower, value + 1, 0.5, sentences)


@pytest.mark.parametrize(
    ("lower", "passed"), [(0.0, True), (-1.99, True), (-2.0, False), (-2.01, False), (float("nan"), False)]
)
def test_the_lower_bound_decides(lower: float, passed: bool) -> None:
    assert quality_drop.conclude({"chrF": difference(0, lower)}, {"chrF": 2}).passed is passed


def test_one_score_that_may_have_dropped_is_enough_and_is_named() -> None:
    found = quality_drop.conclude(
        {"chrF": difference(0.3, -0.2), "BLEU": difference(-1, -4.1)}, {"chrF": 2, "BLEU": 3}
    )
    assert not found.passed
    assert found.reasons == ("BLEU -1.00 (95 % bound -4.10), allowed -3",)


def test_a_pass_names_every_score_with_its_bound_and_margin() -> None:
    found = quality_drop.conclude(
        {"BLEU": difference(0.3, -0.2), "chrF": difference(0, -1.5)}, {"BLEU": 3, "chrF": 2}
    )
    assert found.passed
    assert found.reasons == (
        "BLEU +0.30 (95 % bound -0.20), allowed -3",
        "chrF +0.00 (95 % bound -1.50), allowed -2",
    )


def test_a_small_sample_proves_nothing() -> None:
    found = quality_drop.conclude({"chrF": difference(5, 4, sentences=149)}, {"chrF": 2})
    assert not found.passed
    assert found.reasons == ("149 sentences are too few; 150 are needed",)


def sample(seed: int, rounds: int = 30, requests: int = 40, times: float = 1.0) -> Latencies:
    draw = numpy.random.default_rng(seed)
    weather = draw.normal(0, 0.2, (rounds, 1))  # what the machine does, for both sides
    sides = [numpy.exp(draw.normal(-3, 0.4, (rounds, requests)) + weather) for _ in range(2)]
    return Latencies(times * sides[0], sides[1])


def concluded(latencies: Latencies) -> bool:
    return latency_ratio.conclude(latencies, ratios(latencies, list(MARGINS), seed=1), MARGINS).passed


def test_as_fast_passes_and_twice_the_margin_does_not() -> None:
    assert concluded(sample(1))
    assert not concluded(sample(1, times=1.5))
    assert concluded(sample(1, times=0.5))


def test_a_pass_names_every_percentile_with_its_bound_and_limit() -> None:
    same = Latencies(numpy.full((30, 40), 0.5), numpy.full((30, 40), 0.5))
    found = latency_ratio.conclude(same, ratios(same, [50, 95], seed=1), {50: 0.25, 95: 0.75})
    assert found.reasons == (
        "p50 1.00x of live (upper bound 1.00x, limit 1.25x)",
        "p95 1.00x of live (upper bound 1.00x, limit 1.75x)",
    )


def test_bounds_hold_the_ratio() -> None:
    for ratio in ratios(sample(2, times=1.3), [50, 95], seed=1):
        assert ratio.lower < ratio.value < ratio.upper
        assert ratio.lower < 1.3 < ratio.upper


@pytest.mark.parametrize("percentile", [50, 95, 99])
def test_a_resample_has_the_percentile_of_the_rounds_that_it_drew(percentile: float) -> None:
    draw = numpy.random.default_rng(5)
    side = draw.normal(0.1, 0.02, (12, 30)).round(3)  # with ties
    drawn = draw.integers(0, 12, (40, 12))
    times = numpy.stack([numpy.bincount(rounds, minlength=12) for rounds in drawn]).astype(numpy.float32)
    expected = [numpy.percentile(side[rounds], percentile, method="inverted_cdf") for rounds in drawn]
    assert resampled(side, percentile, times).tolist() == expected


@pytest.mark.parametrize(("rounds", "t"), [(10, 1.8331), (15, 1.7613), (60, 1.6711)])
def test_bounds_are_standard_errors_of_whole_rounds_by_students_t(rounds: int, t: float) -> None:
    latencies = sample(4, rounds)
    [found] = ratios(latencies, [50], seed=1)
    draw = numpy.random.default_rng(99)  # other resamples than the gate's: the bound hardly depends on them
    logs = []
    for _ in range(4_000):
        drawn = draw.integers(0, rounds, rounds)
        logs.append(
            numpy.log(numpy.median(latencies.candidate[drawn]) / numpy.median(latencies.reference[drawn]))
        )
    apart = t * float(numpy.std(logs)) * (rounds / (rounds - 1)) ** 0.5
    assert numpy.log(found.upper / found.value) == pytest.approx(apart, rel=0.04)
    assert found.value / found.lower == pytest.approx(found.upper / found.value)


@pytest.mark.parametrize(("rounds", "requests"), [(10, 20), (15, 40)])
def test_a_release_slower_by_the_margin_is_refused_about_95_times_of_100(rounds: int, requests: int) -> None:
    found = [ratios(sample(seed, rounds, requests), [50, 95], seed=1) for seed in range(400)]
    for number in (0, 1):  # each percentile by itself; both sides are alike, and so is any margin
        promoted = sum(each[number].upper < 1 for each in found) / 400
        assert 0.01 <= promoted <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_a_latency_that_is_no_number_passes_nothing() -> None:
    latencies = sample(1)
    latencies.candidate[3, 5] = numpy.nan
    assert not concluded(latencies)


def test_too_few_requests_or_rounds_prove_nothing() -> None:
    assert not concluded(sample(1, rounds=9, requests=100, times=0.5))
    assert not concluded(sample(1, rounds=10, requests=19, times=0.5))
    assert concluded(sample(1, rounds=10, requests=20, times=0.5))
    assert [least_requests(percentile) for percentile in (50, 95, 99)] == [20, 200, 1000]


def test_a_slope_is_not_moved_by_a_few_wild_points() -> None:
    points = [(float(x), 3.0 * x + 1) for x in range(20)]
    assert slope(points) == pytest.approx(3)
    points[4], points[11], points[15] = (4.0, 1e6), (11.0, -1e6), (15.0, 1e9)
    assert slope(points) == pytest.approx(3, rel=0.05)
    assert numpy.isnan(slope(points[:1]))


@pytest.mark.parametrize(
    ("upper", "passed"), [(1.2499, True), (1.25, False), (1.3, False), (float("nan"), False)]
)
def test_the_upper_bound_of_a_ratio_decides_and_not_what_was_measured(upper: float, passed: bool) -> None:
    ratio = latency_ratio.Ratio(50.0, 1.0, 1.0, 0.9, upper)
    assert latency_ratio.conclude(sample(1), [ratio], {50.0: 0.25}).passed is passed


def test_the_smallest_sample_of_all_scores_counts() -> None:
    found = quality_drop.conclude(
        {"chrF": difference(5, 4, sentences=200), "BLEU": difference(5, 4, sentences=149)},
        {"chrF": 2, "BLEU": 2},
    )
    assert not found.passed


def test_the_smallest_drop_that_can_be_told_is_so_many_standard_errors() -> None:
    assert quality_drop.told_from_none(difference(0, 0)) == pytest.approx(2.487 * 0.5)
