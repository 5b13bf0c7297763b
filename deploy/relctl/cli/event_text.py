"""Format events of the ledger for people: a table, or blocks of lines on a narrow terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from relctl.cli.durations import ago, to_the_second
from relctl.escape import line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from relctl.state.event import Event

HEADINGS = ("AT", "AGO", "EVENT", "TAG", "SLOT", "BY", "REASON")
_GAP = 2
_LEAST_REASON = 24  # columns; a narrower REASON breaks every word


def rows(events: "Sequence[Event]", then: datetime) -> list[tuple[str, ...]]:
    """Return a row of `HEADINGS` for each event."""
    return [
        (
            to_the_second(each.at),
            ago(each.at, then),
            each.event,
            each.tag,
            each.slot,
            each.by,
            why(each),
        )
        for each in events
    ]


def why(event: "Event") -> str:
    """Return the first line of the reason; an abort has the end of the container's log below it."""
    return (event.reason or str(event.details.get("forced", ""))).partition("\n")[0]


def drawn(events: "Sequence[Event]", then: datetime, width: int) -> "RenderableType":
    """Draw events for `width` columns; fold long text and cut nothing."""
    from rich.cells import cell_len

    found = [tuple(map(line, row)) for row in rows(events, then)]
    needed = sum(max(map(cell_len, cells)) + _GAP for cells in zip(HEADINGS, *found, strict=True))
    longest_reason = max((cell_len(row[-1]) for row in found), default=0)
    if width >= needed - longest_reason + min(longest_reason, _LEAST_REASON):
        return _table(found)
    return _blocks(found)


def _table(found: Sequence[tuple[str, ...]]) -> "RenderableType":
    from rich.table import Table

    from relctl.cli.console import as_text

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=heading != "REASON", overflow="fold")
    for row in found:
        table.add_row(*map(as_text, row))
    return table


def _blocks(found: Sequence[tuple[str, ...]]) -> "RenderableType":
    from rich.console import Group
    from rich.padding import Padding

    from relctl.cli.console import as_text

    blocks: list[RenderableType] = []
    for at, since, event, tag, slot, by, reason in found:
        blocks.append(as_text(f"{event}  {since}  {at}", "bold", fold=True))
        about = " ".join(filter(None, (tag, slot and f"in {slot}", by and f"by {by}")))
        words = ": ".join(filter(None, (about, reason)))
        blocks.append(Padding(as_text(words, fold=True), (0, 0, 0, _GAP)))
    return Group(*blocks)
