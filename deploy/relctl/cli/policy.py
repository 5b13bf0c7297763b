"""Options that override the environment's rollout policy for one command."""

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from relctl.errors import UsageError

if TYPE_CHECKING:
    from relctl.config.project import Project


def with_policy(project: "Project", canary: str, observe: str) -> "Project":
    """Return the project with its policy overridden by the options; raises UsageError if that is invalid."""
    changes: dict[str, Any] = {}
    if canary:
        changes["canary"] = steps(canary)
    if observe:
        changes |= window(observe)
    environment = project.environment
    rollout = environment.rollout.model_copy(update=changes)
    if rollout.canary and not rollout.observe:
        raise UsageError(
            "--canary needs --observe (for example --observe 30m)", "add --observe 30m, or --canary none"
        )
    return replace(project, environment=environment.model_copy(update={"rollout": rollout}))


def window(text: str) -> dict[str, Any]:
    """Parse `30m`, `300 requests or 30m` or `0s` into the policy's window keys; raises UsageError."""
    from relctl.config.units import seconds, until

    with contextlib.suppress(ValueError):
        return {"until": None, "observe": seconds(text)}
    try:
        found = until(text)
    except ValueError as error:
        raise UsageError(
            f"--observe {text}: {error}", "for example --observe 30m, or --observe '300 requests or 30m'"
        ) from None
    return {"until": found, "observe": found.seconds}


def steps(text: str) -> tuple[int, ...]:
    """Parse `5,25` into increasing percentages, or `none` into none; raises UsageError."""
    from relctl.config.environment import rising

    if text == "none":
        return ()
    try:
        found = tuple(int(each) for each in text.split(","))
        rising(found)
    except ValueError:
        found = ()
    if not found or not 1 <= min(found) <= max(found) <= 99:
        raise UsageError(
            f"--canary {text}: percentages from 1 to 99, each larger than the previous", "--canary 5,25"
        )
    return found
