"""Hold an environment's locks while a command changes it, and release them during an observation."""

import contextlib
from collections.abc import Iterator

from relctl.errors import LockedError, NeedsPersonError, TakenBackError
from relctl.rollout.host import Host
from relctl.rollout.notify import notify
from relctl.state.lock import Hold
from relctl.state.paths import Paths
from relctl.state.steps import Steps


@contextlib.contextmanager
def exclusive(host: Host) -> Iterator[None]:
    """Hold the environment's lock; raises LockedError when another command keeps it.

    Notifications are sent after the lock is released, so a slow hook cannot block a rollback.
    """
    reach_lock(host.paths, host.steps)
    try:
        with host.turn.taken(host.paths.lock, host.hold):
            yield
    finally:
        notify(host)


@contextlib.contextmanager
def exclusive_unobserved(host: Host) -> Iterator[None]:
    """Hold the lock while no release is observed; raises LockedError when one is."""
    with contextlib.ExitStack() as until_told, observer_lock(host.hold, host.paths):
        until_told.enter_context(exclusive(host))  # left last: a slow hook must not block others
        yield


@contextlib.contextmanager
def lock_released(host: Host, tag: str, image_id: str) -> Iterator[None]:
    """Release the lock during an observation.

    The lock is re-acquired afterwards, however the block ended, unless a signal ended the wait for it. Raises
    TakenBackError when another command ended the move or moved the traffic meanwhile. Raises NeedsPersonError
    if the ledger cannot show that; this process must not undo anything then either.
    """
    try:
        with host.turn.apart():
            notify(host)  # notifications so far must not wait for the window's end
            yield
    finally:
        _insist_on_traffic(host, tag, image_id)


def _insist_on_traffic(host: Host, tag: str, image_id: str) -> None:
    found = host.ledger.salvage()
    event, live = found.history.lost.get(image_id), found.history.settled
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


def insist_on_route(host: Host, tag: str, route: str) -> None:
    """Raise TakenBackError if the pointer leads elsewhere than observed; the caller holds the lock again.

    A rollback that could not record itself has still moved the pointer.
    """
    if host.proxy.pointer.read() != route:
        raise TakenBackError(f"{tag} was rolled back during observation: the pointer was moved")


@contextlib.contextmanager
def observer_lock(hold: Hold, paths: Paths) -> Iterator[None]:
    """Acquire the observer lock; raises LockedError, naming its holder, when it is taken."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(hold(paths.watching))
        except LockedError as error:
            hint = "wait for it with --wait 2h, or abort it: relctl rollback"
            raise LockedError(error.message, hint) from error
        yield


def reach_lock(paths: Paths, steps: Steps) -> None:
    """Note that the environment's lock is about to be acquired."""
    steps.reach_for_good(
        "lock", f"hold the lock of {paths.service} in {paths.environment}", "it ends with the command"
    )
