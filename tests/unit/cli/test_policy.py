"""What is typed about the rollout policy."""

import pytest

from relctl.cli.policy import steps, with_policy
from relctl.config.project import load
from relctl.errors import UsageError
from scratch import ECHO


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5,25", (5, 25)), ("5, 25", (5, 25)), ("1,99", (1, 99)), ("7", (7,)), ("none", ())],
)
def test_steps_are_percents(text: str, expected: tuple[int, ...]) -> None:
    assert steps(text) == expected


@pytest.mark.parametrize("text", ["0", "100", "25,5", "5,5", "5,,25", "5%", "five", "-5", "5.5", ","])
def test_what_is_no_list_of_rising_percents_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="percentages from 1 to 99"):
        steps(text)


def test_a_canary_needs_an_observation() -> None:
    project = load(ECHO, "local", {})
    with pytest.raises(UsageError, match=r"^--canary needs --observe \(for example --observe 30m\)$"):
        with_policy(project, "5,25", "")
    policy = with_policy(project, "5,25", "30m").environment.rollout
    assert (policy.canary, policy.observe) == ((5, 25), 1800.0)
