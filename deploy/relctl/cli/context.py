"""The global options, and the project, engine and host that follow from them."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relctl.cli.durations import seconds_of
from relctl.cli.output import Speaker, show
from relctl.errors import UsageError

if TYPE_CHECKING:
    from relctl.config.project import Project
    from relctl.engine.protocol import Engine
    from relctl.rollout.host import Host
    from relctl.state.lock import Hold, Wait
    from relctl.state.steps import Step
    from relctl.tag import Tag

Waiting = Annotated[
    str,
    typer.Option(
        "--wait",
        metavar="DURATION",
        help="How long to wait for another relctl's lock.",
        show_default="do not wait",
    ),
]

Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; recorded in the ledger.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done and change nothing.")]


@dataclass(frozen=True)
class Settings:
    """The global options."""

    project_dir: Path | None
    env: str
    speaker: Speaker

    def under(self, typed: Mapping[str, Any]) -> "Settings":
        """Return these settings, overridden by the global options typed after the verb."""
        speaker = replace(
            self.speaker,
            as_json=typed.get("json", self.speaker.as_json),
            quiet=typed.get("quiet", self.speaker.quiet),
        )
        return Settings(typed.get("project", self.project_dir), typed.get("env", self.env), speaker)

    def project(self) -> "Project":
        """Load versions.yaml and the environment; raises UsageError for folders owned by another user."""
        from relctl.config.project import load
        from relctl.state.paths import Paths
        from relctl.state.trust import insist_on_trust

        found = load(self.project_dir, self.env)
        insist_on_trust(found.root, Paths(found.state_dir, found.versions.service, found.name))
        return found

    def tell_overrides(self, project: "Project") -> None:
        """Report values that variables override: the pipeline that a release must pass may be one of them."""
        if project.overrides:
            told = ", ".join(f"{key} ({variable})" for key, variable in project.overrides.items())
            self.speaker.insist(f"from variables, not from {project.name}.yaml: {told}")

    def engine(self, project: "Project") -> "Engine":
        """Connect to the environment's engine."""
        from relctl.engine.docker import connect

        return connect(project.environment)

    def host(self, wait: str = "", project: "Project | None" = None) -> "Host":
        """Open the host of the environment; `wait` is how long to wait for its locks.

        `project`: the loaded project, if a command changed its policy.
        """
        from relctl.rollout.host import Host

        hold, project = self.hold(wait), project or self.project()
        return Host.of(project, self.engine(project), self.speaker.say, hold)

    def stage(self, wait: str, dry_run: bool, project: "Project | None" = None) -> "Host":
        """Return the host to work on, or a rehearsed one with `dry_run`; `project` as for `host`."""
        if not dry_run:
            return self.host(wait, project)
        from relctl.rollout.dry_run import rehearse

        return rehearse(self.host(project=project), self.look(wait))

    def tag(self, words: str) -> "Tag":
        """Return the tag of the release named by `words`; report it if they are not the whole tag."""
        from relctl.tag import Tag

        with contextlib.suppress(UsageError):
            return Tag.parse(words)  # a whole tag needs no search, which would slow a rollback
        from relctl.rollout.named import find

        project = self.project()
        found = find(project, self.engine(project), words)
        self.speaker.say(f"{words} is {found}")
        return found

    def hold(self, wait: str) -> "Hold":
        """Return the function that takes locks; `wait`: a duration, "" not to wait. Raises UsageError."""
        from relctl.state.lock import exclusive

        return partial(exclusive, wait=self._wait(wait))

    def look(self, wait: str) -> "Hold":
        """Return the function that only tests locks; `wait` as for `hold`."""
        from relctl.state.lock import only_looking

        return partial(only_looking, wait=self._wait(wait))

    def _wait(self, wait: str) -> "Wait | None":
        from relctl.state.lock import Wait

        return Wait(seconds_of("--wait", wait), self.speaker.say) if wait else None


def settings(context: typer.Context) -> Settings:
    """Return the global options of a command."""
    found: Settings = context.obj
    return found


def tell_plan(speaker: Speaker, steps: "Sequence[Step]") -> None:
    """Print the steps in order, each with its undo."""
    speaker.emit([asdict(step) for step in steps], lambda: _print(steps))


def _print(steps: "Sequence[Step]") -> None:
    width = max((len(step.name) for step in steps), default=0)
    for number, step in enumerate(steps, 1):
        show(f"{number:2}  {step.name:{width}}  {step.does}")
        if step.undo:
            show(f"    {'':{width}}  undo: {step.undo}", "dim")
    show("nothing was done")
