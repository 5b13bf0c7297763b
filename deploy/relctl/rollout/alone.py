"""Being the only one at work in an environment: what every command that changes it does around its work."""

import contextlib
from collections.abc import Iterator

from relctl.rollout.host import Host


@contextlib.contextmanager
def alone(host: Host) -> Iterator[None]:
    """Hold the environment's lock; raises LockedError when another command has it and keeps it."""
    with host.hold(host.paths.lock):
        yield
