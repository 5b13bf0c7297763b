"""Being the only one at work in an environment: what every command that changes it does around its work."""

import contextlib
from collections.abc import Iterator

from relctl.rollout.host import Host
from relctl.rollout.tell import tell
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
        with host.hold(host.paths.lock):
            yield
    finally:
        tell(host)


def reach_lock(paths: Paths, steps: Steps) -> None:
    """Note that the environment's lock is about to be taken."""
    steps.reach_for_good(
        "lock", f"hold the lock of {paths.service} in {paths.environment}", "it ends with the command"
    )
