"""Times as people read and type them."""

from datetime import UTC, datetime

import pytest

from relctl.cli.durations import ago, seconds_of, span, to_the_second
from relctl.errors import UsageError

NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (59.4, "59 s"), (90, "90 s"), (119, "119 s"), (120, "2 min"), (300, "5 min"),
        (7199, "120 min"), (7200, "2 h"), (100_000, "28 h"), (172_800, "2 d"), (8_640_000, "100 d"),
    ],
)  # fmt: skip
def test_a_duration_is_told_in_its_largest_fitting_unit(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-25T13:57:00Z", "3 min ago"),
        ("2026-11-25T14:00:00+00:00", "0 s ago"),
        ("2026-11-25T14:05:00Z", "in 5 min"),  # the clock was put back since
        ("whenever", ""),
    ],
)
def test_how_long_ago_an_event_was(at: str, words: str) -> None:
    assert ago(at, NOW) == words


def test_a_time_is_shown_to_the_second_and_in_utc() -> None:
    assert to_the_second("2026-11-25T15:00:00.123+01:00") == "2026-11-25T14:00:00Z"
    assert to_the_second("whenever") == "whenever"


def test_a_duration_that_is_typed_is_read_or_refused_in_words() -> None:
    assert seconds_of("--since", "2d") == 172_800
    with pytest.raises(UsageError, match="--since 2: a duration needs its unit") as error:
        seconds_of("--since", "2")
    assert error.value.hint == "for example --since 10m"
    with pytest.raises(UsageError, match=r"--every 0s: at least 0\.1 s"):
        seconds_of("--every", "0s", 0.1)
