"""`relctl prune`: remove the releases that retention does not keep."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.context import Waiting, settings
from relctl.cli.output import table

if TYPE_CHECKING:
    from relctl.rollout.prune import Pruned


def prune(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed or kept, and why.")
    ] = False,
    wait: Waiting = "",
) -> None:
    """Remove releases that retention does not keep, with their evidence, as every promote does."""
    from relctl.rollout.prune import prune as prune_releases

    chosen = settings(context)
    found = prune_releases(chosen.stage(wait, dry_run))
    words = "would be removed" if dry_run else "removed"
    chosen.speaker.emit(asdict(found), lambda: _print(found, words))


def _print(found: "Pruned", words: str) -> None:
    removed = [(tag, words) for tag in found.removed]
    table(("TAG", "WHY"), [*removed, *((each.tag, f"kept: {each.why}") for each in found.kept)])
