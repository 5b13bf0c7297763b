"""Each caller may send as many requests as the limit says, and is told when there is room again."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import parse

from translator.access.quota import Counters, Quota
from unit.translator.access_clock import Clock, InterruptingClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_the_limit_is_let_through_and_not_one_more(clock: Clock) -> None:
    quota = Quota.parse("3/minute")
    standings = [quota.take("key:web") for _ in range(5)]
    assert [each.refusal is None for each in standings] == [True, True, True, False, False]
    assert [each.left for each in standings[:3]] == [f'"default";r={n};t=40' for n in (2, 1, 0)]
    assert {each.policy for each in standings} == {'"default";q=3;w=60'}
    assert standings[3].left == '"default";r=0;t=40'
    assert standings[3].retry_after == 40
    assert standings[3].refusal == "The limit of 3 requests per minute is used up; try again in 40 seconds."


def test_callers_do_not_share_a_limit(clock: Clock) -> None:
    quota = Quota.parse("1/minute")
    callers = ["key:web", "sub:web", "sub:web/1", "sub:a", "sub:A"]
    assert [quota.take(each).refusal for each in callers] == [None] * len(callers)
    assert quota.take("key:web").refusal is not None


def test_the_window_slides_so_that_its_end_lets_no_second_crowd_through(clock: Clock) -> None:
    quota = Quota.parse("60/minute")
    clock.now += 39  # half a second before the minute is over
    assert sum(quota.take("key:web").refusal is None for _ in range(100)) == 60
    clock.now += 1
    assert sum(quota.take("key:web").refusal is None for _ in range(100)) <= 1
    clock.now += 30
    assert sum(quota.take("key:web").refusal is None for _ in range(100)) in (29, 30)


def test_with_several_limits_the_first_that_is_used_up_refuses(clock: Clock) -> None:
    quota = Quota.parse("5/day; 2/2 minutes")
    assert quota.take("key:web").policy == '"120s";q=2;w=120, "86400s";q=5;w=86400'
    assert quota.take("key:web").left == '"120s";r=0;t=40, "86400s";r=3;t=6400'
    refused = quota.take("key:web")
    assert refused.refusal == "The limit of 2 requests per 2 minutes is used up; try again in 40 seconds."
    assert refused.left == '"120s";r=0;t=40, "86400s";r=3;t=6400', "a refused request uses up nothing"


def test_with_several_limits_used_up_the_longest_wait_counts(clock: Clock) -> None:
    quota = Quota.parse("1/minute;1/hour")
    quota.take("key:web")
    refused = quota.take("key:web")
    assert refused.retry_after == 2800
    assert refused.refusal == "The limit of 1 request per hour is used up; try again in 2,800 seconds."


@given(
    limit=st.integers(1, 20),
    window=st.sampled_from(["second", "minute", "7 seconds", "hour"]),
    waits=st.lists(st.floats(0, 5000).map(lambda seconds: round(seconds, 3)), max_size=60),
)
@settings(deadline=None, derandomize=True)
def test_who_waits_as_long_as_told_is_let_through(limit: int, window: str, waits: list[float]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock = Clock(monkeypatch)
        quota = Quota.parse(f"{limit}/{window}")
        for wait in waits:
            clock.now += wait % (1 + len(waits))
            standing = quota.take("key:web")
            if standing.refusal:
                assert standing.retry_after >= 1
                clock.now += standing.retry_after
                assert quota.take("key:web").refusal is None


def test_twenty_threads_get_ten_requests_through_a_limit_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    InterruptingClock(monkeypatch)
    quota = Quota.parse("10/minute")
    at_once = threading.Barrier(20)

    def ask(_: int) -> bool:
        at_once.wait()
        return quota.take("key:web").refusal is None

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(ask, range(20))) == 10


def test_no_thread_is_started_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def note(thread: threading.Thread) -> None:
        started.append(threading.current_thread())
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", note)
    quota = Quota.parse("10/second")
    for n in range(100):
        quota.take(f"sub:{n}")
    # By this thread: those that other tests have left at work start and end when they like.
    assert threading.current_thread() not in started


def test_callers_cannot_fill_the_memory(clock: Clock) -> None:
    counters = Counters(capacity=100)
    limit = parse("1/minute")
    for n in range(1000):
        counters.acquire_sliding_window_entry(limit.key_for(f"sub:{n}"), limit.amount, limit.get_expiry())
    assert counters.reset() == 100


def test_the_most_recent_callers_are_remembered_when_the_room_is_used_up(clock: Clock) -> None:
    counters = Counters(capacity=10)

    def ask(caller: str) -> bool:
        return counters.acquire_sliding_window_entry(caller, 1, 60)

    assert all(ask(f"sub:{n}") for n in range(15))
    assert not any(ask(f"sub:{n}") for n in range(10, 15))
    assert ask("sub:0"), "who was forgotten begins anew"


@pytest.mark.parametrize("text", ["60/minute", "60 per minute", "60/MINUTE", " 60 / 1 minutes "])
def test_one_limit_has_many_spellings(text: str) -> None:
    assert Quota.parse(text).take("key:web").policy == '"default";q=60;w=60'


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60/366 days", 31_622_400), ("60/1 year", 31_104_000), ("60/010 seconds", 10), ("60/20 seconds", 20)],
)
def test_a_time_may_be_as_long_as_a_leap_year(text: str, seconds: int) -> None:
    assert Quota.parse(text).take("key:web").policy == f'"default";q=60;w={seconds}'


@pytest.mark.parametrize("separator", [";", "; ", ",", "|"])
def test_several_limits_have_several_separators(separator: str, clock: Clock) -> None:
    policy = Quota.parse(f"9/second{separator}60/minute").take("key:web").policy
    assert policy == '"1s";q=9;w=1, "60s";q=60;w=60'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("60", "it must look like 60/minute or like 10/second;1000/day"),
        ("minute", "it must look like 60/minute"),
        ("60/", "it must look like 60/minute"),
        ("60/fortnight", "it must look like 60/minute"),
        ("-1/minute", "it must look like 60/minute"),
        ("1.5/minute", "it must look like 60/minute"),
        ("60/minute;", "it must look like 60/minute"),
        ("60/minute 5/second", "it must look like 60/minute"),
        ("0/minute", "a limit must be at least 1"),
        ("5/second;0/minute", "a limit must be at least 1"),
        (f"{10**15}/minute", "and below 1,000,000,000,000,000"),
        ("60/0 minute", "its time must be 1 second at least and 366 days at most"),
        ("60 per 00minutes", "its time must be 1 second at least"),
        ("9/second;60/0 MINUTES", "its time must be 1 second at least"),
        ("60/367 days", "and 366 days at most"),
        ("9/second;60/2 years", "and 366 days at most"),
        ("60/99999999999999999999 years", "and 366 days at most"),
        (f"60/{'9' * 5000} years", "it must look like 60/minute"),
        ("60/minute;50/minute", "it has two limits for the same time"),
        ("60/minute;50/60 seconds", "it has two limits for the same time"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^RATE_LIMIT is '{re.escape(text)}'; .*{re.escape(words)}"):
        Quota.parse(text)
