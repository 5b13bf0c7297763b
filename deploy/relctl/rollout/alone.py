"""Being the only one at work in an environment: what every command that changes it does around its work."""

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
    """Hold the environment's lock; raises LockedError when another command has it and keeps it.

    Whoever shall be told of what was done is told when the lock is free again: someone's slow program must
    not keep the next one from a rollback.
    """
    reach_lock(host.paths, host.steps)
    try:
        with host.turn.taken(host.paths.lock, host.hold):
            yield
    finally:
        tell(host)


@contextlib.contextmanager
def alone_unwatched(host: Host) -> Iterator[None]:
    """Hold the lock while nobody watches a release either; raises LockedError when somebody does."""
    with contextlib.ExitStack() as until_told, nobody_watching(host.hold, host.paths):
        until_told.enter_context(alone(host))  # left last: a slow program must not keep others waiting
        yield


@contextlib.contextmanager
def nobody_watching(hold: Hold, paths: Paths) -> Iterator[None]:
    """Be the one who may watch a release here; raises LockedError, naming who does, when somebody else is."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(hold(paths.watching))
        except LockedError as error:
            hint = "wait for it with --wait 2h, or take back what it watches: relctl rollback"
            raise LockedError(error.message, hint) from error
        yield


def reach_lock(paths: Paths, steps: Steps) -> None:
    """Note that the environment's lock is about to be taken."""
    steps.reach_for_good(
        "lock", f"hold the lock of {paths.service} in {paths.environment}", "it ends with the command"
    )
