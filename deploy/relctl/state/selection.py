"""Selecting events of a ledger by name, by age and by count."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from relctl.state.event import Event


def select(
    events: Sequence[Event],
    names: Collection[str] = (),
    since: datetime | None = None,
    last: int | None = None,
) -> list[Event]:
    """Return the events with these names (all if none given), since `since`, limited to the `last` ones.

    An event with an unreadable time, which relctl does not write, counts as older than everything.
    """
    found = [event for event in events if not names or event.event in names]
    if since is not None:
        found = [event for event in found if (at := moment(event.at)) is not None and at >= since]
    return found if last is None else found[-last:]


def moment(at: str) -> datetime | None:
    """Parse the time of an event, None if invalid; without a zone it is UTC, as relctl writes it."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
