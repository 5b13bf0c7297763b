"""Watching without the lock: others may act meanwhile, and take back what is watched."""

import contextlib
from collections.abc import Iterator, Sequence

from relctl.errors import NeedsPersonError, TakenBackError
from relctl.rollout.host import Host
from relctl.rollout.situation import BEGUN, SETTLED, settled
from relctl.rollout.tell import tell
from relctl.state.event import Event


@contextlib.contextmanager
def apart(host: Host, tag: str, image_id: str) -> Iterator[None]:
    """Let others have the lock while a release is only watched.

    The lock is held again afterwards, however the block ended, unless a signal ended the waiting for it.
    Raises TakenBackError when somebody else ended the move meanwhile, or moved the traffic on, and
    NeedsPersonError where the ledger cannot tell: then too it is not for this process to undo anything.
    """
    try:
        with host.turn.apart():
            tell(host)  # what was done until now must not wait for the end of a window
            yield
    finally:
        _insist(host, tag, image_id)


def taken_by(events: Sequence[Event], image_id: str) -> Event | None:
    """The event by which a release lost what its last move gave it, None while it has it."""
    found = None
    for event in reversed(events):
        own = event.image_id == image_id
        if own and event.event in (*BEGUN.values(), *SETTLED):
            return found
        if (own and event.event == "aborted") or (not own and event.event in SETTLED):
            found = event
    return None


def _insist(host: Host, tag: str, image_id: str) -> None:
    found = host.ledger.salvage()
    event, live = taken_by(found.events, image_id), settled(found.events)
    if event is not None:
        raise TakenBackError(
            f"{tag} lost its traffic while it was watched: {event.event} by {event.by}"
            f"{f': {event.reason}' if event.reason else ''}\n{live.tag if live else 'nothing'} is live"
        )
    for damage in found.damage:
        raise NeedsPersonError(
            f"whether somebody took {tag} back while it was watched cannot be told: {damage}",
            f"relctl status says who is live; relctl rollback takes {tag} back, if nobody did; {damage.hint}",
        ) from damage
