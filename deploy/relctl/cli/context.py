"""What the global options say, and the project, engine and host that follow from them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from relctl.cli.speak import Speaker

if TYPE_CHECKING:  # imported where used: --help must not pay for pydantic and the engine's SDK
    from relctl.config.project import Project
    from relctl.engine.protocol import Engine
    from relctl.rollout.host import Host


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

    def engine(self, project: "Project") -> "Engine":
        """Connect to the environment's engine."""
        from relctl.engine.connect import connect

        return connect(project.environment)

    def host(self) -> "Host":
        """Open all doors of the environment."""
        return self.host_of(self.project())

    def host_of(self, project: "Project") -> "Host":
        """Open all doors of a project's environment."""
        from relctl.rollout.host import Host

        return Host.of(project, self.engine(project), self.speaker.say)


def settings(context: typer.Context) -> Settings:
    """Return what the global options said."""
    found: Settings = context.obj
    return found
