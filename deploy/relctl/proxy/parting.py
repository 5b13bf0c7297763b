"""Close clients' connections gracefully before a reload: the next answer announces the close.

A worker that a reload retires closes idle connections at once, and a request in transit is lost. A client may
repeat it only if that is known to be harmless.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from relctl.proxy.connections import clients

_WITHIN = 2.0  # seconds; a connection idle for longer may be closed by any server at any time
_LOOK_EVERY = 0.05


@contextlib.contextmanager
def parting(mark: Path, addresses: Sequence[str]) -> Iterator[None]:
    """Wait until clients connected to `addresses` have had such an answer, then let the body reload.

    Nginx gives it while the file `mark` exists; a file left by a killed process costs only connections.
    """
    mark.touch()
    try:
        known, deadline = clients(addresses), time.monotonic() + _WITHIN
        while known & clients(addresses) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY)
        yield
    finally:
        mark.unlink(missing_ok=True)
