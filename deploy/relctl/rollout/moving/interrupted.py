"""What the ledger tells of a move that was interrupted: a pure reading of its events."""

from collections.abc import Sequence

from relctl.rollout.situation import BEGUN, ENDED
from relctl.state.event import Event


def unfinished(events: Sequence[Event]) -> Event | None:
    """Return the `promoting` or `rolling-back` that nothing ended, None when all is ended."""
    return next(iter(_under_way(events)), None)


def refusal(events: Sequence[Event]) -> str:
    """Why the observation of the interrupted move did not accept its release, "" when none refused it."""
    refused = (event for event in _under_way(events) if event.details.get("accepted") is False)
    return next((event.reason for event in refused), "")


def is_watched(events: Sequence[Event]) -> bool:
    """Tell whether the observation of the interrupted move has begun."""
    return any(event.event == "observing" for event in _under_way(events))


def _under_way(events: Sequence[Event]) -> Sequence[Event]:
    """Return the events of the interrupted move, its begin first; none when all is ended."""
    for number, event in reversed(list(enumerate(events))):
        if event.event in ENDED:
            break
        if event.event in BEGUN.values():
            return events[number:]
    return ()
