"""`relctl rollback`: switch traffic back."""

from typing import Annotated

import typer

from relctl.cli.completion import tags
from relctl.cli.context import DryRun, Reason, Waiting, settings, tell_plan
from relctl.cli.promote import tell


def rollback(
    context: typer.Context,
    tag: Annotated[
        str | None,
        typer.Argument(
            help="A retained release: its tag, version or commit.",
            show_default="the standby",
            autocompletion=tags,
        ),
    ] = None,
    reason: Reason = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Switch traffic back to the warm standby, or to any of the last `retain` releases.

    While a promote observes its release, a rollback aborts that promote at once.
    """
    from relctl.rollout.rollback import rollback as roll_back

    chosen = settings(context)
    release = (
        None if tag is None else chosen.tag(tag)
    )  # "" is an error, not the standby: perhaps an unset variable
    host = chosen.stage(wait, dry_run)
    moved = roll_back(host, release, reason)
    if dry_run:
        tell_plan(chosen.speaker, host.steps.reached)
    else:
        tell(chosen, str(release or "it"), moved)
