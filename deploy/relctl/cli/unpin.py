"""`relctl unpin`: let retention decide about a release again."""

from typing import Annotated

import typer

from relctl.cli.context import Waiting, settings
from relctl.cli.plan import DryRun, tell_plan


def unpin(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(help="A pinned release.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the ledger.")] = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Take a pin back; nothing is removed before the next promote or prune."""
    from relctl.release import Tag
    from relctl.rollout.pin import unpin as unpin_release

    release, chosen = Tag.parse(tag), settings(context)
    host = chosen.stage(wait, dry_run)
    unpin_release(host, release, reason)
    if dry_run:
        return tell_plan(chosen.speaker, host.steps.reached)
    return chosen.speaker.emit(
        {"tag": tag, "verdict": "unpinned"}, lambda: print(f"{tag} is not pinned any more")
    )
