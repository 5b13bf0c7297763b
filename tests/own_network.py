"""A network of the test's own, which no other test changes."""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_CLONE_NEWNET = 0x40000000  # <sched.h>
# Besides the loopback a bridge to nowhere: without one Chromium takes itself for offline.
_COMMANDS = (
    "link set lo up",
    "link add name nowhere type bridge",
    "addr add 192.0.2.1/24 dev nowhere",
    "link set nowhere up",
)


@contextlib.contextmanager
def own_network() -> Iterator[None]:
    """Move this thread, and what it starts meanwhile, to a network of their own.

    Chromium ends its requests whenever a network of its machine comes or goes. Who may not do this, as most
    users but root, stays where he is.
    """
    with Path("/proc/thread-self/ns/net").open() as before:
        try:
            _call("unshare", _CLONE_NEWNET)
        except PermissionError:
            yield
            return
        try:
            for command in _COMMANDS:
                subprocess.run(["ip", *command.split()], check=True)
            yield
        finally:
            _call("setns", before.fileno(), _CLONE_NEWNET)


def _call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
