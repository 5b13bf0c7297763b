"""The person at work, as the ledger and the lock name them."""

import getpass
import os
import socket


def who() -> str:
    """Return `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a uid without a passwd entry, as in a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
