"""`relctl observe`: check live traffic against the policy."""

from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.context import DryRun, Waiting, settings, tell_plan
from relctl.cli.durations import seconds_of
from relctl.cli.output import show

if TYPE_CHECKING:
    from relctl.observation.watch import Watched


def observe(
    context: typer.Context,
    seconds: Annotated[
        str,
        typer.Option("--for", metavar="DURATION", help="How long to observe if no window is open, like 30s."),
    ] = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Resume an interrupted observation, or check live traffic against the environment's policy."""
    from relctl.rollout.observe import observe as watch_live

    chosen = settings(context)
    host = chosen.stage(wait, dry_run)
    wanted = seconds_of("--for", seconds) if seconds else host.project.environment.rollout.observe
    found = watch_live(host, wanted)
    if dry_run:
        tell_plan(chosen.speaker, host.steps.reached)
    else:
        chosen.speaker.emit(found.as_json(), lambda: _print(found))


def _print(found: "Watched") -> None:
    show(found.verdict)
    for reason in found.reasons:
        show(f"  {reason}")
