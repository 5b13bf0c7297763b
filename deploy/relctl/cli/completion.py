"""What a shell completes, tags and environments, and the argument that takes a release."""

import os
from pathlib import Path
from typing import Annotated

import typer

from relctl.cli.context import Settings
from relctl.cli.output import Speaker
from relctl.cli.verbs import typed
from relctl.errors import RelctlError

_BRIEFLY = 2.0  # seconds that the engine has to answer; somebody looks at a prompt


def environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the environments of the project, as far as there is one."""
    from relctl.config.project import ENVIRONMENTS, find_root

    try:
        files = (find_root(_settings(ctx).project_dir) / ENVIRONMENTS).glob("*.yaml")
    except RelctlError:
        return []  # nothing to complete; a shell has no room for reasons
    return sorted(file.stem for file in files if file.stem.startswith(incomplete))


def tags(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the tags that the engine has, the highest version first, and the words that stand for some."""
    from relctl.rollout.named import HEAD, LATEST, known

    chosen = _settings(ctx)
    try:
        project = chosen.project()
        found = known(project, chosen.engine(project).within(_BRIEFLY))
    except (RelctlError, OSError):
        return []  # as above
    return [each for each in (*map(str, found), HEAD, LATEST) if each.startswith(incomplete)]


def _settings(ctx: typer.Context) -> Settings:
    """Return what was typed of the global options so far; no verb has run that could have told it."""
    own, whole = typed(ctx), typed(ctx.find_root())
    found = {"env": os.environ.get("RELCTL_ENV", "local"), "project": None} | whole | own
    folder = Path(found["project"]) if found["project"] else None
    return Settings(folder, found["env"], Speaker(as_json=False, quiet=True))


Release = Annotated[
    str,
    typer.Argument(help="A release: its tag, version or commit; HEAD, latest.", autocompletion=tags),
]
