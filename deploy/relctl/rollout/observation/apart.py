"""Observe without the lock: other commands may act meanwhile, and roll back what is observed."""

import contextlib
from collections.abc import Iterator, Sequence

from relctl.errors import NeedsPersonError, TakenBackError
from relctl.rollout.host import Host
from relctl.rollout.situation import BEGUN, SETTLED, settled
from relctl.rollout.tell import tell
from relctl.state.event import Event


@contextlib.contextmanager
def apart(host: Host, tag: str, image_id: str) -> Iterator[None]:
    """Release the lock during an observation.

    The lock is re-acquired afterwards, however the block ended, unless a signal ended the wait for it. Raises
    TakenBackError when another command ended the move or moved the traffic meanwhile. Raises NeedsPersonError
    if the ledger cannot show that; this process must not undo anything then either.
    """
    try:
        with host.turn.apart():
            tell(host)  # notifications so far must not wait for the window's end
            yield
    finally:
        _insist(host, tag, image_id)


def insist_on_route(host: Host, tag: str, route: str) -> None:
    """Raise TakenBackError if the pointer leads elsewhere than observed; the caller holds the lock again.

    A rollback that could not record itself has still moved the pointer.
    """
    if host.proxy.pointer.read() != route:
        raise TakenBackError(f"{tag} was rolled back during observation: the pointer was moved")


def taken_by(events: Sequence[Event], image_id: str) -> Event | None:
    """Return the event by which a release lost what its last move gave it, None while it has it."""
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
            f"{tag} was rolled back during observation: {event.event} by {event.by}"
            f"{f': {event.reason}' if event.reason else ''}\n{live.tag if live else 'nothing'} is live"
        )
    for damage in found.damage:
        raise NeedsPersonError(
            f"it is unknown whether {tag} was rolled back during observation: {damage}",
            f"relctl status shows what is live; relctl rollback rolls {tag} back, if needed; {damage.hint}",
        ) from damage
