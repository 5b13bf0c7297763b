"""`relctl observe`: watch what is live."""

from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.context import Waiting, settings
from relctl.cli.plan import DryRun, tell_plan
from relctl.cli.when import seconds_of

if TYPE_CHECKING:
    from relctl.rollout.observation.watch import Watched


def observe(
    context: typer.Context,
    seconds: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="How long, where no window is open, like 30s.")
    ] = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Go on with an interrupted observation, or watch live traffic against the environment's policy."""
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
    print(found.verdict)
    for reason in found.reasons:
        print(f"  {reason}")
