"""Read from the ledger which move was interrupted, and how far it got."""

from collections.abc import Sequence

from relctl.rollout.situation import BEGUN, ENDED
from relctl.state.event import Event


def unfinished(events: Sequence[Event]) -> Event | None:
    """Return the `promoting` or `rolling-back` event that has no end, None when all have ended."""
    return next(iter(under_way(events)), None)


def refusal(events: Sequence[Event]) -> str:
    """Return why the observation of the interrupted move refused its release, "" if it did not."""
    refused = (event for event in under_way(events) if event.details.get("accepted") is False)
    return next((event.reason for event in refused), "")


def is_watched(events: Sequence[Event]) -> bool:
    """Return whether the observation of the interrupted move has begun."""
    return any(event.event == "observing" for event in under_way(events))


def under_way(events: Sequence[Event]) -> Sequence[Event]:
    """Return the events of the interrupted move, from its begin; empty when all have ended."""
    for number, event in reversed(list(enumerate(events))):
        if event.event in ENDED:
            break
        if event.event in BEGUN.values():
            return events[number:]
    return ()
