"""Options that are laid over the environment's rollout policy, for one command."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from relctl.cli.when import seconds_of
from relctl.errors import UsageError

if TYPE_CHECKING:
    from relctl.config.project import Project


def with_policy(project: "Project", canary: str, observe: str) -> "Project":
    """Return the project under its policy with what was typed; raises UsageError where that is no policy."""
    changes: dict[str, Any] = {}
    if canary:
        changes["canary"] = steps(canary)
    if observe:
        changes["observe"] = seconds_of("--observe", observe)
    environment = project.environment
    rollout = environment.rollout.model_copy(update=changes)
    if rollout.canary and not rollout.observe:
        raise UsageError("a canary that nobody watches shows nothing", "--observe 30m, or --canary none")
    return replace(project, environment=environment.model_copy(update={"rollout": rollout}))


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
