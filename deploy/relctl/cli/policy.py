"""Options that are laid over the environment's rollout policy, for one command."""

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from relctl.errors import UsageError

if TYPE_CHECKING:
    from relctl.config.project import Project


def with_policy(project: "Project", canary: str, observe: str) -> "Project":
    """Return the project under its policy with what was typed; raises UsageError where that is no policy."""
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
    """Read `30m`, `300 requests or 30m` or `0s` as what a policy has of a window; raises UsageError."""
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
    """Read `5,25` as percents, each larger than the one before, or `none`; raises UsageError."""
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
            f"--canary {text}: percents from 1 to 99, each larger than the one before", "--canary 5,25"
        )
    return found
