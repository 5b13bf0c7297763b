"""Whether windows can be filled, foretold before anything is moved."""

from types import SimpleNamespace
from typing import Any

import pytest

from relctl.config.environment import Rollout
from relctl.proxy.access_log_line import Request
from relctl.rollout import forecast
from relctl.rollout.forecast import Past, past, requests_needed, sentences
from still_clock import StillClock

PRODUCTION = Rollout.model_validate({"canary": [5, 25], "until": "healthy or 30m"})
HALF_A_DAY = 43_200.0


def test_twenty_thousand_a_day_are_told_what_they_can_show() -> None:
    assert list(sentences(PRODUCTION, (5, 25), Past(10_000, 0, HALF_A_DAY))) == [
        "the last 12 hours had 10,000 requests, 20,000 a day",
        "5 % will have about 21 requests in 30 minutes; to be sure of +0.20% takes about 1,853, 44 hours",
        "25 % will have about 104 requests in 30 minutes; to be sure of +0.20% takes about 1,853, 9 hours",
        "all will have about 417 requests in 30 minutes; to be sure of +0.20% takes about 1,853, 2 hours",
        "with too few requests only greater harm is detectable;"
        " a release that shows none is kept (rollout.too_few: keep)",
    ]


def test_millions_a_day_are_enough() -> None:
    found = list(sentences(PRODUCTION, (25,), Past(2_000_000, 0, HALF_A_DAY)))
    assert found[1:] == [
        "25 % will have about 20,833 requests in 30 minutes: enough",
        "all will have about 83,333 requests in 30 minutes: enough",
    ]


@pytest.mark.parametrize(
    ("too_few", "words"),
    [
        ("keep", "is kept"),
        ("accept", "it stays if what is measured"),
        ("rollback", "it is rolled back then"),
        ("wait", "after 10 minutes more it is rolled back"),
    ],
)
@pytest.mark.parametrize("requests", [3, 10_000])
def test_what_follows_is_said_as_the_policy_has_it(too_few: Any, words: str, requests: int) -> None:
    policy = PRODUCTION.model_copy(update={"too_few": too_few})
    assert words in list(sentences(policy, (), Past(requests, 0, HALF_A_DAY)))[-1]


def test_a_log_without_requests_foretells_nothing() -> None:
    [found] = sentences(PRODUCTION, (5, 25), Past(0, 0, 0.0))
    assert found.startswith("the access log has 0 requests of the last 12 hours: too few to forecast")


def test_the_more_fail_anyway_the_more_it_takes() -> None:
    needed = [requests_needed(PRODUCTION, 25, Past(10_000, failed, HALF_A_DAY)) for failed in (0, 10, 100)]
    assert needed == sorted(needed)
    assert 1_500 <= needed[0] < 2_500
    assert needed[2] > 10_000
    assert requests_needed(PRODUCTION, 100, Past(200, 100, HALF_A_DAY)) >= 1_000_000


@pytest.mark.parametrize(
    ("ages", "requests", "seconds"),
    [
        ((100.0, 50.0, 1.0), 3, 100.0),
        ((50_000.0, 50.0, 1.0), 2, 50.0),
        ((5_000.0, 10.0, 200.0, 100.0), 2, 200.0),  # the clock was set back by some minutes
        ((), 0, 0.0),
    ],
)
def test_it_counts_the_last_hours_on_one_clock(
    ages: tuple[float, ...], requests: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StillClock()
    monkeypatch.setattr(forecast, "time", clock)
    logged = [Request(clock.now - age, "blue", "/", 200, 1, asked=True, passed_on=False) for age in ages]
    host: Any = SimpleNamespace(logged=lambda *_: logged)
    found = past(host)
    assert found.requests == requests
    assert found.seconds == seconds
