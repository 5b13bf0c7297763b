"""When a window ends, as people write it in a file and type it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from relctl.cli.policy import window
from relctl.config.environment import Rollout
from relctl.config.units import Until, until
from relctl.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", Until(1_800.0)),
        ("300 requests or 30m", Until(1_800.0, 300)),
        ("1 request or 90s", Until(90.0, 1)),
        ("healthy or 30m", Until(1_800.0, 0, healthy=True)),
        ("30m or 300 requests or healthy", Until(1_800.0, 300, healthy=True)),
        (" 300 requests  or  30m ", Until(1_800.0, 300)),
    ],
)
def test_a_window_ends_at_whatever_is_first(text: str, expected: Until) -> None:
    assert until(text) == expected
    policy = Rollout.model_validate({"until": text, "canary": [5]})
    assert (policy.until, policy.observe) == (expected, expected.seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "300 requests",
        "healthy",
        "0 requests or 30m",
        "30m or 40m",
        "0s",
        "x or 30m",
        "300 or 30m",
        "30",
        30,
    ],
)
def test_what_has_no_time_or_two_is_refused_in_words(text: Any) -> None:
    with pytest.raises(ValueError, match="write it like `300 requests or 30m`"):
        until(text)


def test_one_of_both_says_how_long() -> None:
    with pytest.raises(ValidationError, match="leave out observe"):
        Rollout.model_validate({"until": "healthy or 30m", "observe": "30m"})
    with pytest.raises(ValidationError, match="write it like"):
        Rollout.model_validate({"until": "300 requests"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", (None, 1_800.0)),
        ("0s", (None, 0.0)),
        ("300 requests or 30m", (Until(1_800.0, 300), 1_800.0)),
    ],
)
def test_what_is_typed_replaces_both(text: str, expected: tuple[Until | None, float]) -> None:
    found = window(text)
    assert (found["until"], found["observe"]) == expected


def test_what_is_typed_and_is_no_window_is_refused_with_one_that_is() -> None:
    with pytest.raises(UsageError, match="--observe 30x: '30x': a duration needs its unit") as raised:
        window("30x")
    assert "--observe '300 requests or 30m'" in raised.value.hint


def test_the_example_for_production_waits_no_longer_than_it_must() -> None:
    text = (Path(__file__).parents[3] / "deploy/environments/production.yaml").read_text()
    assert "until: healthy or 30m" in text
    assert "too_few: keep" in text
