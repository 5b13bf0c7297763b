"""What traffic shows: harm at once, health only for certain, and everything else is not enough traffic."""

import random
from collections.abc import Iterator

import pytest

from relctl.config.environment import Rollout
from relctl.observation.figures import Figures, after, figures, with_error
from relctl.observation.judge import ANY, LAST, Compared, Look, compare_beside, judge
from relctl.observation.tally import Tally
from relctl.proxy.access_log_line import Request
from relctl.statistics.clusters import Ratio

LIMITS = Rollout(min_requests=100, max_error_rate=0.002, max_p95_ratio=1.25)
SURE = Ratio(1.0, 0.02, 30)


def request(
    ended: float = 0.0, pool: str = "blue", status: int = 200, ms: int = 20, tried: int = 1
) -> Request:
    return Request(ended, pool, "/translate", status, ms, asked=tried > 0, passed_on=tried > 1)


@pytest.mark.parametrize(
    ("status", "tried", "fault"),
    [
        (200, 1, False),
        (304, 1, False),
        (400, 1, False),
        (404, 1, False),
        (429, 1, False),
        (499, 1, False),
        (500, 1, True),
        (502, 1, True),
        (503, 1, True),
        (504, 1, True),
        (200, 2, True),
        (400, 2, True),
    ],
)
def test_what_the_release_is_to_blame_for(status: int, tried: int, fault: bool) -> None:
    assert request(status=status, tried=tried).fault is fault


def test_what_nginx_answered_by_itself_is_nobodys() -> None:
    tally = Tally()
    tally.add([request(), request(status=413, tried=0), request(status=503, tried=0)])
    [side] = tally.sides("blue")
    assert (side.requests, side.failed) == (1, 0)


def test_pools_are_counted_over_the_same_spans_and_at_most_thirty() -> None:
    tally = Tally()
    tally.add(request(second, "blue") for second in range(100))
    tally.add(request(second, "green", status=500 if second == 50 else 200) for second in range(40, 60))
    blue, green = tally.sides("blue", "green")
    assert len(blue.spans) == len(green.spans) <= 30
    assert (blue.requests, blue.failed, green.requests, green.failed) == (100, 0, 20, 1)


def test_a_long_window_is_kept_in_few_spans_and_loses_no_request() -> None:
    tally = Tally()
    for hour in range(4):
        tally.add(request(3_600 * hour + second, "green") for second in range(3_600))
    tally.add(request(4 * 3_600 + second, "blue") for second in range(20))
    green, blue = tally.sides("green", "blue")
    assert (green.requests, blue.requests) == (4 * 3_600, 20)
    assert 20 <= len(green.spans) <= 30


def test_a_pool_without_requests_has_no_percentiles() -> None:
    [side] = Tally().sides("green")
    assert figures(side) == Figures(0, 0)
    assert figures(side).as_json()["p95_ms"] is None


def compared(
    failed: int, of: int, before: tuple[int, int] = (0, 20_000), ratio: Ratio | None = SURE
) -> Compared:
    ours = Figures(of, failed, 10.0, 20.0, 30.0, 0.02, 30)
    theirs = Figures(before[1], before[0], 10.0, 20.0, 30.0, 0.02, 30)
    return Compared(ours, theirs, ratio)


@pytest.mark.parametrize(
    ("failed", "of", "before", "verdict"),
    [
        (0, 1_500, (0, 20_000), "healthy"),
        (0, 1_400, (0, 20_000), "not enough traffic"),  # 0.21 % could fail all the same
        (0, 99, (0, 20_000), "not enough traffic"),
        (0, 0, (0, 20_000), "not enough traffic"),
        (3, 10_000, (6, 20_000), "healthy"),
        (100, 10_000, (200, 20_000), "not enough traffic"),  # as bad as before, and not sure enough
        (1_000, 100_000, (10_000, 1_000_000), "healthy"),
        (8, 800, (0, 20_000), "unhealthy"),
        (2, 800, (0, 20_000), "not enough traffic"),
        (5, 5, (0, 20_000), "unhealthy"),  # however few: all of them
        (1, 1, (0, 20_000), "not enough traffic"),
        (1, 20, (0, 20_000), "not enough traffic"),
    ],
)
def test_failures_are_judged_by_bounds(failed: int, of: int, before: tuple[int, int], verdict: str) -> None:
    assert judge(LIMITS, compared(failed, of, before), LAST).verdict == verdict


@pytest.mark.parametrize(
    ("value", "error", "verdict"),
    [
        (1.0, 0.05, "healthy"),
        (1.2, 0.05, "not enough traffic"),
        (1.5, 0.05, "unhealthy"),
        (1.5, 0.2, "not enough traffic"),
        (0.5, 0.05, "healthy"),
        (float("nan"), 0.05, "not enough traffic"),
        (1.0, float("nan"), "not enough traffic"),
    ],
)
def test_times_are_judged_by_bounds(value: float, error: float, verdict: str) -> None:
    found = judge(LIMITS, compared(0, 5_000, ratio=Ratio(value, error, 30)), LAST)
    assert found.verdict == verdict


def test_a_ratio_that_nobody_knows_is_not_enough_traffic() -> None:
    assert judge(LIMITS, compared(0, 5_000, ratio=None), LAST).verdict == "not enough traffic"


def test_without_a_release_before_the_error_rate_alone_is_judged() -> None:
    assert judge(LIMITS, Compared(Figures(2_000, 0, 1.0, 2.0, 3.0)), LAST).verdict == "healthy"
    assert judge(LIMITS, Compared(Figures(2_000, 20, 1.0, 2.0, 3.0)), LAST).verdict == "unhealthy"


def test_the_reasons_have_figures() -> None:
    assert judge(LIMITS, compared(8, 800), LAST).reasons == (
        "1.00% of 800 requests failed, 0.00% of 20000 of the previous release: +1.00%"
        " (lower bound +0.50%, limit +0.20%)",
    )
    slow = judge(LIMITS, compared(0, 5_000, ratio=Ratio(1.5, 0.02, 30)), LAST)
    assert slow.reasons == (
        "p95 20 ms, 20 ms of the previous release: 1.50x (lower bound 1.45x, limit 1.25x)",
    )


def test_harm_that_is_measured_is_outside_and_doubt_may_be_within() -> None:
    assert not judge(LIMITS, compared(2, 800), LAST).within
    assert judge(LIMITS, compared(1, 800), LAST).within


def traffic(seed: int, seconds: int, slower: float = 1.0, fails: float = 0.0) -> Iterator[Request]:
    """Two pools at 400 requests a second, a tenth of them of green, on a machine with moods."""
    chance = random.Random(seed)
    for second in range(2 * seconds):
        mood = chance.gauss(0, 0.1)
        for _ in range(200):
            green = chance.random() < 0.1
            took = 20 * (slower if green else 1.0) * 2.718 ** (mood + chance.gauss(0, 0.3))
            status = 500 if green and chance.random() < fails else 200
            yield request(second / 2, "green" if green else "blue", status, int(took))


def verdict(seed: int, look: Look, seconds: int = 40, slower: float = 1.0, fails: float = 0.0) -> str:
    tally = Tally()
    tally.add(traffic(seed, seconds, slower, fails))
    return judge(LIMITS, compare_beside(tally, "green", "blue", LIMITS), look).verdict


def test_a_release_that_is_as_good_is_healthy_beside_the_other() -> None:
    found = [verdict(seed, LAST) for seed in range(5)]
    assert "unhealthy" not in found
    assert found.count("healthy") >= 4


def test_a_release_that_fails_or_takes_longer_is_found_beside_the_other() -> None:
    for seed in range(3):
        assert verdict(seed, ANY, slower=1.5) == "unhealthy"
        assert verdict(seed, ANY, fails=0.02) == "unhealthy"


def test_looking_often_takes_no_good_release_back() -> None:
    for seed in range(3):
        assert {verdict(seed, ANY, seconds) for seconds in range(1, 40, 3)} <= {
            "healthy",
            "not enough traffic",
        }


def test_after_the_switch_a_release_is_held_against_what_was_recorded() -> None:
    before, now = Tally(), Tally()
    before.add(traffic(1, 40))
    now.add(traffic(2, 40, slower=1.5))
    [blue], [green] = before.sides("blue"), now.sides("green")
    ours, theirs = with_error(figures(green), green), with_error(figures(blue), blue)
    ratio = after(ours, theirs)
    assert ratio is not None
    assert judge(LIMITS, Compared(ours, theirs, ratio), ANY).verdict == "unhealthy"
