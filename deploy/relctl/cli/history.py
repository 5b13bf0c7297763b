"""`relctl history`: the ledger."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.context import settings
from relctl.cli.durations import now, seconds_of
from relctl.cli.event_text import HEADINGS, drawn, rows
from relctl.cli.output import Speaker, on_terminal, table

if TYPE_CHECKING:
    from relctl.state.event import Event
    from relctl.state.ledger import Ledger, LedgerContent

_USUAL = 20  # events


def history(
    context: typer.Context,
    last: Annotated[
        int | None, typer.Option(min=1, help="How many events.", show_default=f"{_USUAL}; all with --since")
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="DURATION", help="Only events of the last 30m, 12h, 2d.")
    ] = "",
    event: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only events of this name; may be repeated.")
    ] = None,
    accept: Annotated[
        str,
        typer.Option(metavar="REASON", help="Accept a ledger that was edited by hand, and record why."),
    ] = "",
) -> None:
    """Show what was done in this environment, by whom, when and why; the newest last."""
    from relctl.rollout.host import paths_of
    from relctl.state.ledger import Ledger, select

    then = now()
    oldest = then - timedelta(seconds=seconds_of("--since", since)) if since else None
    chosen, names = settings(context), event or []
    ledger = Ledger(paths_of(chosen.project()).ledger)
    if accept:
        ledger.accept(accept)
    found = _readable(ledger, chosen.speaker)
    events = select(found.events, names, oldest, last if last or since else _USUAL)
    _notice(chosen.speaker, found, names)
    chosen.speaker.emit([each.as_json() for each in events], lambda: _print(events, then))


def _readable(ledger: "Ledger", speaker: Speaker) -> "LedgerContent":
    """Return what can be read, which may explain the rest; raises UsageError where that is nothing."""
    ledger.tolerate(speaker.say)
    found = ledger.read()
    if not found.events:
        ledger.insist()
    return found


def _print(events: "Sequence[Event]", then: datetime) -> None:
    """For a terminal folded to its width; for a file or a pipe a line an event, to be searched."""
    if not on_terminal():
        table(HEADINGS, rows(events, then))
        return
    from relctl.cli.console import Screen

    screen = Screen()
    screen.print(drawn(events, then, screen.width))


def _notice(speaker: Speaker, found: "LedgerContent", names: Sequence[str]) -> None:
    if found.torn:
        speaker.say("the last line of the ledger was cut short by a crash; it is left out")
    known = {each.event for each in found.events}
    for name in names:
        if name not in known:
            speaker.say(f"nothing called {name} in this ledger; it has: {', '.join(sorted(known))}")
