"""`relctl observe`: watch what is live."""

from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.context import settings
from relctl.cli.policy import duration

if TYPE_CHECKING:
    from relctl.rollout.watch import Watched


def observe(
    context: typer.Context,
    seconds: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="How long, where no window is open, like 30s.")
    ] = "",
) -> None:
    """Go on with an interrupted observation, or watch live traffic against the environment's policy."""
    from relctl.rollout.observe import observe as watch_live

    chosen = settings(context)
    host = chosen.host()
    wanted = duration("--for", seconds) if seconds else host.project.environment.rollout.observe
    found = watch_live(host, wanted)
    chosen.speaker.emit(found.as_json(), lambda: _print(found))


def _print(found: "Watched") -> None:
    print(found.verdict)
    for reason in found.reasons:
        print(f"  {reason}")
