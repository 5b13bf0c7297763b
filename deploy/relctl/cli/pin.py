"""`relctl pin`: keep a release, whatever is promoted."""

from typing import Annotated

import typer

from relctl.cli.context import Waiting, settings
from relctl.cli.plan import DryRun, tell_plan


def pin(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(help="The release, like v1.2.0-abc12de.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the ledger.")] = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Keep a release from being pruned here, until `relctl unpin`."""
    from relctl.release import Tag
    from relctl.rollout.pin import pin as pin_release

    release, chosen = Tag.parse(tag), settings(context)
    host = chosen.stage(wait, dry_run)
    words = "pinned" if pin_release(host, release, reason) else "pinned already"
    if dry_run:
        return tell_plan(chosen.speaker, host.steps.reached)
    return chosen.speaker.emit({"tag": tag, "verdict": words}, lambda: print(f"{tag} is {words}"))
