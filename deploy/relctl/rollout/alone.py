"""Hold an environment's locks while a command changes it."""

import contextlib
from collections.abc import Iterator

from relctl.errors import LockedError
from relctl.rollout.host import Host
from relctl.rollout.tell import tell
from relctl.state.lock import Hold
from relctl.state.paths import Paths
from relctl.state.steps import Steps


@contextlib.contextmanager
def alone(host: Host) -> Iterator[None]:
    """Hold the environment's lock; raises LockedError when another command keeps it.

    Notifications are sent after the lock is released, so a slow hook cannot block a rollback.
    """
    reach_lock(host.paths, host.steps)
    try:
        with host.turn.taken(host.paths.lock, host.hold):
            yield
    finally:
        tell(host)


@contextlib.contextmanager
def alone_unwatched(host: Host) -> Iterator[None]:
    """Hold the lock while no release is observed; raises LockedError when one is."""
    with contextlib.ExitStack() as until_told, nobody_watching(host.hold, host.paths):
        until_told.enter_context(alone(host))  # left last: a slow hook must not block others
        yield


@contextlib.contextmanager
def nobody_watching(hold: Hold, paths: Paths) -> Iterator[None]:
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
