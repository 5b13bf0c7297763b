"""Count connections in the kernel's tables: to a slot, where requests may run, and from clients."""

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_ESTABLISHED = "01"
_LOOKS = 2  # the kernel's table is not read atomically: a line may be missed once
_LOOK_EVERY = 0.1  # seconds
_SAY_EVERY = 10.0
_WITHIN = 2.0  # seconds; a connection idle for longer may be closed by any server at any time
_PARTING_LOOK = 0.05


def drain(address: str, within: float, say: Callable[[str], None]) -> int:
    """Wait until no connection to `address` (host:port) is left; returns how many are after `within` seconds.

    Nginx keeps an idle connection to a slot for at most a second, so a longer one is in use: a running
    request, a stream, a WebSocket.
    """
    began, said = time.monotonic(), -_SAY_EVERY
    while running := max(connections(address) for _ in range(_LOOKS)):
        passed = time.monotonic() - began
        if passed >= within:
            return running
        if passed >= 1.0 and passed - said >= _SAY_EVERY:
            say(f"{_requests(running)} at {address}: waiting, {within - passed:.0f} s at most")
            said = passed
        time.sleep(min(_LOOK_EVERY, within - passed))
    return 0


def connections(address: str) -> int:
    """Count the established connections to `address` in the kernel's tables (proc(5), /proc/net/tcp)."""
    host, _, port = address.rpartition(":")
    wanted = {f"{each}:{int(port):04X}" for each in _as_kernel_writes(socket.gethostbyname(host))}
    return sum(1 for _, remote, state in _table() if state == _ESTABLISHED and remote in wanted)


def clients(addresses: Sequence[str]) -> set[str]:
    """Return both ends of each established connection to the ports of `addresses`."""
    ports = {f"{int(each.rpartition(':')[2]):04X}" for each in addresses}
    return {
        f"{local} {remote}"
        for local, remote, state in _table()
        if state == _ESTABLISHED and local.rpartition(":")[2] in ports
    }


def _table() -> Iterator[tuple[str, str, str]]:
    for table in map(Path, _TABLES):
        if table.exists():  # a kernel may lack IPv6
            for line in table.read_text(encoding="ascii").splitlines()[1:]:
                _, local, remote, state, *_ = line.split()
                yield local, remote, state


def _as_kernel_writes(address: str) -> tuple[str, str]:
    """Return an IPv4 address as in the tables, in the machine's byte order, also mapped into IPv6."""
    written = f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}"
    mapped = f"{int.from_bytes(bytes.fromhex('0000ffff'), sys.byteorder):08X}"
    return written, f"{'0' * 16}{mapped}{written}"


def _requests(count: int) -> str:
    return "a request still runs" if count == 1 else f"{count} requests still run"


@contextlib.contextmanager
def parting(mark: Path, addresses: Sequence[str]) -> Iterator[None]:
    """Wait until clients connected to `addresses` have had such an answer, then let the body reload.

    Nginx gives it while the file `mark` exists; a file left by a killed process costs only connections.
    """
    mark.touch()
    try:
        known, deadline = clients(addresses), time.monotonic() + _WITHIN
        while known & clients(addresses) and time.monotonic() < deadline:
            time.sleep(_PARTING_LOOK)
        yield
    finally:
        mark.unlink(missing_ok=True)
