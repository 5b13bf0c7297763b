"""`relctl status`: live, standby, traffic and drift."""

from typing import Annotated

import typer

from relctl.cli.context import settings
from relctl.cli.durations import seconds_of
from relctl.cli.output import on_terminal
from relctl.cli.status_text import as_json, tell

_ON_SCREEN, _IN_A_FILE = 2.0, 30.0  # seconds
_SHORTEST = 0.1  # seconds; reading the status takes about as long


def status(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Repeat until Ctrl-C.")] = False,
    every: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="Interval for --watch.",
            show_default="2s; 30s without a terminal",
        ),
    ] = "",
) -> None:
    """Show the live and standby releases, recent traffic and any drift."""
    from relctl.rollout.status import status as look

    pause = pause_of(every, on_screen=on_terminal())
    chosen = settings(context)
    host = chosen.host()
    if watch:
        from relctl.cli.status_watch import keep_watching

        keep_watching(lambda: look(host), pause, chosen.speaker)
        return
    found = look(host)
    chosen.speaker.emit(as_json(found), lambda: tell(found))


def pause_of(every: str, *, on_screen: bool) -> float:
    """Return the seconds between two refreshes; raises UsageError for an invalid duration."""
    if every:
        return seconds_of("--every", every, _SHORTEST)
    return _ON_SCREEN if on_screen else _IN_A_FILE
