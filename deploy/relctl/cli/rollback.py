"""`relctl rollback`: give the traffic back."""

from typing import Annotated

import typer

from relctl.cli.context import Waiting, settings
from relctl.cli.plan import DryRun, tell_plan
from relctl.cli.promote import tell


def rollback(
    context: typer.Context,
    tag: Annotated[str | None, typer.Argument(help="A retained release.", show_default="the standby")] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.")] = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Give traffic back to the warm standby, or to any of the last `retain` releases.

    While a promote watches its release, that is taken back at once, whoever watches.
    """
    from relctl.release import Tag
    from relctl.rollout.rollback import rollback as roll_back

    release = None if tag is None else Tag.parse(tag)  # "" is no tag either: an unset variable, perhaps
    chosen = settings(context)
    host = chosen.stage(wait, dry_run)
    moved = roll_back(host, release, reason)
    if dry_run:
        tell_plan(chosen.speaker, host.steps.reached)
    else:
        tell(chosen, tag or "it", moved)
