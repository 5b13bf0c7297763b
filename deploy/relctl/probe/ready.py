"""Waiting until a container's service is ready, and saying why when it never is."""

import time
from collections.abc import Callable

from relctl.config.versions import Contract
from relctl.engine.protocol import Container, Engine
from relctl.errors import RelctlError
from relctl.probe.service import Service

_POLL = 0.05  # seconds: short against a start of seconds, long against one request


class NeverReadyError(RelctlError):
    """A container ended or did not become ready in time; the message ends with its last log lines."""


def wait_until_ready(
    engine: Engine,
    container: Container,
    contract: Contract,
    within: float,
    since: float | None = None,
    ask: Callable[[str, Contract], Service] = Service,
) -> Service:
    """Return the service once `/readyz` answers 200, at most `within` seconds from now, or from `since`.

    `since` is on the monotonic clock. Raises NeverReadyError.
    """
    deadline = (time.monotonic() if since is None else since) + within
    service = ask(container.address, contract)
    while time.monotonic() < deadline:
        if service.is_ready():
            return service
        current = engine.container(container.name)
        if current is None or not current.running:
            code = current.exit_code if current else "unknown"
            raise _never(engine, container, f"ended with exit code {code} before it was ready")
        time.sleep(_POLL)
    raise _never(engine, container, f"was not ready within {within:.0f} s")


def _never(engine: Engine, container: Container, what: str) -> NeverReadyError:
    log = engine.logs(container.name, lines=15).rstrip()
    words = f"; its last lines:\n{log}" if log else "; it wrote no log"
    return NeverReadyError(f"container {container.name} {what}{words}")
