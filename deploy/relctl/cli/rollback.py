"""`relctl rollback`: give the traffic back."""

from typing import Annotated

import typer

from relctl.cli.context import Waiting, settings
from relctl.cli.promote import tell


def rollback(
    context: typer.Context,
    tag: Annotated[str | None, typer.Argument(help="A retained release.", show_default="the standby")] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.")] = "",
    wait: Waiting = "",
) -> None:
    """Give traffic back to the warm standby, or to any of the last `retain` releases."""
    from relctl.release import Tag
    from relctl.rollout.rollback import rollback as roll_back

    release = None if tag is None else Tag.parse(tag)  # "" is no tag either: an unset variable, perhaps
    chosen = settings(context)
    tell(chosen, tag or "it", roll_back(chosen.host(wait), release, reason))
