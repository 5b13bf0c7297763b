"""What the global options say, and the project, engine and host that follow from them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.speak import Speaker
from relctl.cli.when import seconds_of

if TYPE_CHECKING:  # imported where used: --help must not pay for pydantic and the engine's SDK
    from relctl.config.project import Project
    from relctl.engine.protocol import Engine
    from relctl.rollout.host import Host
    from relctl.state.lock import Hold, Wait

Waiting = Annotated[
    str,
    typer.Option(
        "--wait", metavar="DURATION", help="Wait for whoever is at work here.", show_default="do not wait"
    ),
]


@dataclass(frozen=True)
class Settings:
    """The global options, before the verb."""

    project_dir: Path | None
    env: str
    speaker: Speaker

    def project(self) -> "Project":
        """Load versions.yaml and the environment."""
        from relctl.config.project import load

        return load(self.project_dir, self.env)

    def tell_overrides(self, project: "Project") -> None:
        """Say what is not as the environment's file says: what a release must pass may be among it."""
        if project.overrides:
            told = ", ".join(f"{key} ({variable})" for key, variable in project.overrides.items())
            self.speaker.say(f"from variables, not from {project.name}.yaml: {told}")

    def engine(self, project: "Project") -> "Engine":
        """Connect to the environment's engine."""
        from relctl.engine.connect import connect

        return connect(project.environment)

    def host(self, wait: str = "", project: "Project | None" = None) -> "Host":
        """Open all doors of the environment; `wait` is how long its locks are waited for.

        `project` is the one that was loaded already, if a command changed its policy.
        """
        from relctl.rollout.host import Host

        hold, project = self.hold(wait), project or self.project()
        return Host.of(project, self.engine(project), self.speaker.say, hold)

    def stage(self, wait: str, dry_run: bool, project: "Project | None" = None) -> "Host":
        """The host that a command works on, or with `dry_run` is rehearsed on; `project` as for `host`."""
        if not dry_run:
            return self.host(wait, project)
        from relctl.rollout.rehearsal.host import rehearse

        return rehearse(self.host(project=project), self.look(wait))

    def hold(self, wait: str) -> "Hold":
        """How locks are held: `wait` is a duration, "" not to wait; raises UsageError."""
        from relctl.state.lock import exclusive

        return partial(exclusive, wait=self._wait(wait))

    def look(self, wait: str) -> "Hold":
        """How locks are only looked at: `wait` as for `hold`."""
        from relctl.state.lock import only_looking

        return partial(only_looking, wait=self._wait(wait))

    def _wait(self, wait: str) -> "Wait | None":
        from relctl.state.lock import Wait

        return Wait(seconds_of("--wait", wait), self.speaker.say) if wait else None


def settings(context: typer.Context) -> Settings:
    """Return what the global options said."""
    found: Settings = context.obj
    return found
