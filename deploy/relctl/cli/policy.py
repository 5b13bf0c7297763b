"""Options that are laid over the environment's rollout policy, for one command."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from relctl.errors import UsageError

if TYPE_CHECKING:
    from relctl.config.project import Project


def duration(option: str, text: str) -> float:
    """Read a duration that was typed; raises UsageError."""
    from relctl.config.units import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}", f"{option} 30s") from None


def with_policy(project: "Project", **changes: Any) -> "Project":
    """Return the project under a policy with these keys changed."""
    environment = project.environment
    rollout = environment.rollout.model_copy(update=changes)
    return replace(project, environment=environment.model_copy(update={"rollout": rollout}))
