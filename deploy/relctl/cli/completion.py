"""Shell completion of tags, environments and events, and the argument that takes a release."""

import os
from pathlib import Path
from typing import Annotated

import typer

from relctl.cli.context import Settings
from relctl.cli.output import Speaker
from relctl.cli.verbs import typed
from relctl.errors import RelctlError

_BRIEFLY = 2.0  # seconds for the engine to answer: a user waits at the prompt


def environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the environments of the project; none outside a project."""
    from relctl.config.project import ENVIRONMENTS, find_root

    try:
        files = (find_root(_settings(ctx).project_dir) / ENVIRONMENTS).glob("*.yaml")
    except RelctlError:
        return []  # a shell has no room for the reason
    return sorted(file.stem for file in files if file.stem.startswith(incomplete))


def tags(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the tags that the engine has, highest version first, then HEAD and latest."""
    from relctl.rollout.named import HEAD, LATEST, known

    chosen = _settings(ctx)
    try:
        project = chosen.project()
        found = known(project, chosen.engine(project).within(_BRIEFLY))
    except (RelctlError, OSError):
        return []  # as above
    return [each for each in (*map(str, found), HEAD, LATEST) if each.startswith(incomplete)]


def events(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the events in the environment's ledger, as far as it is readable."""
    from relctl.rollout.host import paths_of
    from relctl.state.ledger import Ledger

    try:
        found = Ledger(paths_of(_settings(ctx).project()).ledger).salvage().events
    except (RelctlError, OSError):
        return []  # as above
    return sorted({each.event for each in found if each.event.startswith(incomplete)})


def _settings(ctx: typer.Context) -> Settings:
    """Return the global options typed so far: during completion no verb runs, so there is no context."""
    own, whole = typed(ctx), typed(ctx.find_root())
    found = {"env": os.environ.get("RELCTL_ENV", "local"), "project": None} | whole | own
    folder = Path(found["project"]) if found["project"] else None
    return Settings(folder, found["env"], Speaker(as_json=False, quiet=True))


Release = Annotated[
    str,
    typer.Argument(help="A release: its tag, version or commit; HEAD, latest.", autocompletion=tags),
]
