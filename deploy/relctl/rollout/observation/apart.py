"""Watching without the lock: others may act meanwhile, and take back what is watched."""

import contextlib
from collections.abc import Iterator, Sequence

from relctl.errors import TakenBackError
from relctl.rollout.host import Host
from relctl.rollout.situation import BEGUN, SETTLED, look
from relctl.rollout.tell import tell
from relctl.state.event import Event


@contextlib.contextmanager
def apart(host: Host, tag: str, image_id: str) -> Iterator[None]:
    """Let others have the lock while a release is only watched.

    The lock is held again afterwards, however the block ended, unless a signal ended the waiting for it.
    Raises TakenBackError when somebody else ended the move meanwhile, or moved the traffic on.
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
    event = taken_by(host.ledger.read().events, image_id)
    if event is not None:
        live = look(host).live_tag
        raise TakenBackError(
            f"{tag} lost its traffic while it was watched: {event.event} by {event.by}"
            f"{f': {event.reason}' if event.reason else ''}\n{live or 'nothing'} is live"
        )
