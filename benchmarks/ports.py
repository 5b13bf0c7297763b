"""Hand out free loopback ports to tests and benchmarks, each once."""

import functools
import os
import random
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST = 20_000  # below it are the ports that documents, demos and well-known services use


def free_port() -> int:
    """Return a free port that no client connection takes, and that was not handed out before.

    The kernel would give one of those that it also gives to clients: under load, one of them may have it
    before it is listened on.
    """
    for port in _shuffled():
        if _is_free(port):
            return port
    raise RuntimeError(f"no port is left outside the range in {_EPHEMERAL}")


@functools.cache
def _shuffled() -> Iterator[int]:
    """Iterate over all ports in an order of this process: concurrent runs seldom collide."""
    ours = ports_of(os.environ)
    return iter(random.SystemRandom().sample(ours, len(ours)))


def ports_of(environ: Mapping[str, str]) -> list[int]:
    """Return the ports of a process by its variables: each worker of the tests has its own.

    A port that a test has left for a moment, to restart a server, looks free.
    """
    first, last = map(int, _EPHEMERAL.read_text().split())
    return share([*range(_FIRST, first), *range(last + 1, 2**16)], environ)


def share(numbers: Sequence[int], environ: Mapping[str, str]) -> list[int]:
    """Return this worker's share of the numbers, by its variables."""
    number = int(environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return list(numbers[number::count])


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
