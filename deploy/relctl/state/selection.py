"""Which events of a ledger somebody asks for: by name, by age, the last ones."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from relctl.state.event import Event


def select(
    events: Sequence[Event],
    names: Collection[str] = (),
    since: datetime | None = None,
    last: int | None = None,
) -> list[Event]:
    """Return the events of these names (all without any), not older than `since`, and the `last` of those.

    An event whose time cannot be read, which only a hand can have written, is older than everything.
    """
    found = [event for event in events if not names or event.event in names]
    if since is not None:
        found = [event for event in found if (at := moment(event.at)) is not None and at >= since]
    return found if last is None else found[-last:]


def moment(at: str) -> datetime | None:
    """Read the time of an event, None when it is none; without a zone it is UTC, as relctl writes it."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
