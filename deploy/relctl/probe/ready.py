"""Wait until a container's service is ready, and explain why it never is."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from relctl.config.versions import Contract
from relctl.engine.protocol import Container, Engine, how_it_ended, restarted
from relctl.errors import RelctlError
from relctl.probe.service import Answer, Service, ServiceDoor, UnreachableError

_POLL = 0.05  # seconds: short compared with a start, long compared with a request
_SHOWN = 160  # characters of a body's first line
_REDIRECTS = range(300, 400)
_WANTS_HEADERS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.UPGRADE_REQUIRED,
)
_HEADERS = "contract.probe_headers in versions.yaml gives probes what it asks for"


class NeverReadyError(RelctlError):
    """A container ended or was not ready in time; the message ends with its last log lines."""


def wait_until_ready(
    engine: Engine,
    container: Container,
    contract: Contract,
    within: float,
    since: float | None = None,
    ask: Callable[[str, Contract], ServiceDoor] = Service,
) -> ServiceDoor:
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


@dataclass(frozen=True)
class Unready:
    """What came back instead of 200, in words, and the fix; "" if the words suffice."""

    words: str
    way_out: str = ""


def unready(service: ServiceDoor) -> Unready | None:
    """Ask a service whether it is ready; returns None if it is."""
    try:
        answer = service.readiness()
    except UnreachableError as error:
        return Unready(error.message, _of_a_connection(error.message, service.contract))
    if answer.status == HTTPStatus.OK:
        return None
    asked = f"GET {service.url}{service.contract.ready}"
    return Unready(f"{asked} answers {described(answer)}", _of_a_status(answer.status, service.contract))


def described(answer: Answer) -> str:
    """Describe an answer: its status, redirect target and first line of the body."""
    leads = answer.headers.get("location", "")
    line = next((line for line in answer.body.decode(errors="replace").splitlines() if line.strip()), "")
    said = [f"{answer.status}", *([f"Location: {leads}"] if leads else []), line.strip()[:_SHOWN]]
    return ", ".join(part for part in said if part)


def _of_a_status(status: int, contract: Contract) -> str:
    if status in _REDIRECTS or status in _WANTS_HEADERS:
        return f"{_HEADERS}, like {{Host: shop.example, X-Forwarded-Proto: https}}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED):
        return f"let {contract.ready} answer without credentials, or {_HEADERS}"
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE):
        return f"contract.ready in versions.yaml is {contract.ready}; name the path that the service has"
    return ""


def _of_a_connection(words: str, contract: Contract) -> str:
    if "refused" in words:
        return (
            f"the service must listen on 0.0.0.0:{contract.port} (contract.port; a container's environment"
            " has it as PORT), not on 127.0.0.1, which is the container's own"
        )
    if "timed out" in words or "No route" in words or "unreachable" in words:
        return "`ip route get` that address: a VPN or a firewall may be in the way; or the service hangs"
    return ""
