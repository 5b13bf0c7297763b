"""Ports of the loopback for what tests and benchmarks start: free, and given once."""

import functools
import random
import socket
from collections.abc import Iterator
from pathlib import Path

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST = 20_000  # below it are the ports that documents, demos and well-known services use


def free_port() -> int:
    """Return a port that nobody uses now, that no client connection takes, and that was not given before.

    The kernel would give one of those that it also gives to clients: under load, one of them may have it
    before it is listened on.
    """
    for port in _shuffled():
        if _is_free(port):
            return port
    raise RuntimeError(f"no port is left outside the range in {_EPHEMERAL}")


@functools.cache
def _shuffled() -> Iterator[int]:
    """All of them in an order of this process's own: several runs at once seldom meet."""
    first, last = map(int, _EPHEMERAL.read_text().split())
    outside = [*range(_FIRST, first), *range(last + 1, 2**16)]
    return iter(random.SystemRandom().sample(outside, len(outside)))


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
