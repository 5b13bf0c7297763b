"""Wait until a container's service is ready, and explain why it never is."""

import time
from collections.abc import Callable

from relctl.config.versions import Contract
from relctl.engine.ended import how_it_ended, restarted
from relctl.engine.protocol import Container, Engine
from relctl.errors import RelctlError
from relctl.probe.service import Service
from relctl.probe.unready import Unready, unready

_POLL = 0.05  # seconds: short compared with a start, long compared with a request


class NeverReadyError(RelctlError):
    """A container ended or was not ready in time; the message ends with its last log lines."""


def wait_until_ready(
    engine: Engine,
    container: Container,
    contract: Contract,
    within: float,
    since: float | None = None,
    ask: Callable[[str, Contract], Service] = Service,
) -> Service:
    """Return the service once `/readyz` answers 200, at most `within` seconds from now or from `since`.

    `since` is on the monotonic clock. Raises NeverReadyError.
    """
    deadline = (time.monotonic() if since is None else since) + within
    service, last = ask(container.address, contract), Unready("it got no request")
    while time.monotonic() < deadline:
        found = unready(service)
        if found is None:
            return service
        last, current = found, engine.container(container.name)
        if current is None or not current.running:
            raise _never(engine, container, f"{_end(current)} before it was ready")
        time.sleep(_POLL)
    again = restarted(engine.container(container.name))
    raise _never(engine, container, f"was not ready within {within:.0f} s{again}: {last.words}", last.way_out)


def _end(current: Container | None) -> str:
    return "is gone" if current is None else f"ended with exit code {how_it_ended(current)}"


def _never(engine: Engine, container: Container, what: str, way_out: str = "") -> NeverReadyError:
    log = engine.logs(container.name, lines=15).rstrip()
    words = f"; its last lines:\n{log}" if log else "; it wrote no log"
    return NeverReadyError(f"container {container.name} {what}{words}", way_out)
