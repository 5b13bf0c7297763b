"""`relctl logs`: the log of a slot's container."""

import signal
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.context import Settings, settings
from relctl.cli.durations import seconds_of
from relctl.cli.output import show, show_json
from relctl.state.signals import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relctl.rollout.logs import Source

_USUAL = 100  # lines


def _roles(incomplete: str) -> list[str]:
    from relctl.rollout.logs import ROLES

    return [each for each in ROLES if each.startswith(incomplete)]


def logs(
    context: typer.Context,
    slot: Annotated[
        str, typer.Argument(help="live, standby, blue or green.", autocompletion=_roles)
    ] = "live",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing new lines until Ctrl-C.")
    ] = False,
    since: Annotated[str, typer.Option(metavar="DURATION", help="Only lines of the last 30s, 10m, 2h.")] = "",
    tail: Annotated[
        int | None,
        typer.Option(min=1, help="How many lines.", show_default=f"{_USUAL}; all with --since"),
    ] = None,
) -> None:
    """Show the last log lines of a slot's container; nothing is changed."""
    from relctl.rollout.logs import source

    begin = time.time() - seconds_of("--since", since) if since else 0.0
    lines = tail or (0 if since else _USUAL)
    chosen = settings(context)
    host = chosen.host()
    found = source(host, slot)
    if follow:
        return _follow(chosen, found, host.engine.follow(found.container, lines, begin))
    written = host.engine.logs(found.container, lines, begin).splitlines()
    return chosen.speaker.emit(asdict(found) | {"lines": written}, lambda: _print(written))


def _print(lines: list[str]) -> None:
    for each in lines:
        show(each)


def _follow(chosen: Settings, found: "Source", lines: "Iterator[str]") -> None:
    """Print lines as they arrive until Ctrl-C, which is the normal end (exit code 0)."""
    try:
        for each in lines:
            if chosen.speaker.as_json:
                show_json(asdict(found) | {"line": each})
            else:
                show(each, flush=True)
    except Interrupted as interrupted:
        if interrupted.number != signal.SIGINT:
            raise
    else:
        chosen.speaker.say(f"the container of {found.tag} in {found.slot} ended")
