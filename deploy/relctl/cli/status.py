"""`relctl status`: how the environment stands."""

from typing import Annotated

import typer

from relctl.cli.context import settings
from relctl.cli.status_words import as_json, tell
from relctl.cli.when import seconds_of

_SHORTEST = 0.1  # seconds; a look at everything takes about as long


def status(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again until Ctrl-C.")] = False,
    every: Annotated[str, typer.Option(metavar="DURATION", help="How often, with --watch.")] = "2s",
) -> None:
    """Tell what is live, what stands by, what was answered, and where these contradict each other."""
    from relctl.rollout.status import status as look

    pause = seconds_of("--every", every, _SHORTEST)
    chosen = settings(context)
    host = chosen.host()
    if watch:
        from relctl.cli.watch import keep_watching

        keep_watching(lambda: look(host), pause, chosen.speaker)
        return
    found = look(host)
    chosen.speaker.emit(as_json(found), lambda: tell(found))
