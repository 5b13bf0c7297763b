"""`relctl history`: the ledger."""

from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.context import settings
from relctl.cli.speak import table

if TYPE_CHECKING:
    from relctl.state.ledger import Event


def history(
    context: typer.Context,
    last: Annotated[int, typer.Option(min=1, help="How many events.")] = 20,
) -> None:
    """Tell what was done here, by whom, when and why; the newest last."""
    from relctl.rollout.host import paths_of
    from relctl.state.ledger import Ledger

    chosen = settings(context)
    found = Ledger(paths_of(chosen.project()).ledger).read()
    events = found.events[-last:]
    headings = ("AT", "EVENT", "TAG", "SLOT", "BY", "REASON")
    rows = [(each.at, each.event, each.tag, each.slot, each.by, _why(each).split("\n")[0]) for each in events]
    if found.torn:
        chosen.speaker.say("the last line of the ledger was cut short by a crash; it is left out")
    chosen.speaker.emit([event.as_json() for event in events], lambda: table(headings, rows))


def _why(event: "Event") -> str:
    return event.reason or str(event.details.get("forced", ""))
