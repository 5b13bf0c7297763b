"""Access a running service over HTTP, each request on its own connection, and compare its identity."""

import http.client
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from relctl.config.versions import Contract
from relctl.engine.labels import MODEL_SHA256, OCI_REVISION, OCI_VERSION, TAG
from relctl.errors import RelctlError

_AT_ONCE = 64 * 1024  # bytes


class UnreachableError(RelctlError):
    """Nothing answered, or the connection broke before the answer was complete."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `seconds` from the first byte sent to the last one read."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """Return the body as JSON; raises ValueError if it is not JSON."""
        return json.loads(self.body)


def _whole(found: http.client.HTTPResponse, sock: socket.socket, deadline: float) -> bytes:
    """Read a body to its end; a socket's own time limit would restart with every byte."""
    content = bytearray()
    while not found.isclosed():
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        chunk = found.read1(_AT_ONCE)
        if not chunk:
            break
        content += chunk
    if found.length:  # http.client reports no error for missing bytes here
        raise http.client.IncompleteRead(bytes(content), found.length)
    return bytes(content)


def _over(usual: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Merge headers over the usual ones, comparing names without case."""
    named = {name.lower() for name in own}
    return {**{name: value for name, value in usual.items() if name.lower() not in named}, **own}


class ServiceDoor(Protocol):
    """A service that may be running; the real one is `Service`. Raises UnreachableError where it does not."""

    @property
    def url(self) -> str: ...
    @property
    def contract(self) -> Contract: ...
    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 5.0,
    ) -> Answer: ...
    def readiness(self, within: float = 2.0) -> Answer: ...
    def is_ready(self, within: float = 2.0) -> bool: ...
    def info(self, within: float = 5.0) -> dict[str, Any]: ...


class Service:
    """The service at `address` (host:port); its contract's `probe_headers` go with every request."""

    def __init__(self, address: str, contract: Contract) -> None:
        self.url = f"http://{address}"
        self.contract = contract
        self.address = address

    def get(self, path: str, timeout: float = 5.0) -> Answer:
        """GET a path; raises UnreachableError."""
        return self.send("GET", path, timeout=timeout)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 5.0,
    ) -> Answer:
        """Send one request without retries, allowing `timeout` seconds in all; raises UnreachableError."""
        started = time.monotonic()
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        try:
            connection.request(method, path, body, _over(self.contract.probe_headers, headers or {}))
            sock = connection.sock  # the answer may take it from the connection
            found = connection.getresponse()
            content = _whole(found, sock, started + timeout)
        except (OSError, http.client.HTTPException) as error:
            cause = f"{type(error).__name__}: {error}"
            raise UnreachableError(f"{method} {self.url}{path}: {cause}") from error
        finally:
            connection.close()
        names = {name.lower(): value for name, value in found.getheaders()}
        return Answer(found.status, names, content, time.monotonic() - started)

    def readiness(self, within: float = 2.0) -> Answer:
        """Return the answer to a readiness request: 200 means ready; raises UnreachableError."""
        return self.get(self.contract.ready, timeout=within)

    def is_ready(self, within: float = 2.0) -> bool:
        """Return whether the service reports within `within` seconds that it is ready for traffic."""
        try:
            return self.readiness(within).status == http.HTTPStatus.OK
        except UnreachableError:
            return False

    def info(self, within: float = 5.0) -> dict[str, Any]:
        """Return the answer of `/version`; raises UnreachableError if it is late or not a JSON object."""
        answer = self.get(self.contract.info, timeout=within)
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.status != http.HTTPStatus.OK or not isinstance(found, dict):
            raise UnreachableError(
                f"GET {self.url}{self.contract.info} answers {answer.status}: {answer.body[:120]!r}"
            )
        return found


@dataclass(frozen=True)
class Identity:
    """What must agree between the labels of an image and the answers of its service."""

    tag: str
    version: str
    revision: str
    model_sha256: str

    @classmethod
    def of_labels(cls, labels: Mapping[str, str]) -> "Identity":
        """Read the labels of an image or of a container."""
        return cls(
            tag=labels.get(TAG, ""),
            version=labels.get(OCI_VERSION, ""),
            revision=labels.get(OCI_REVISION, ""),
            model_sha256=labels.get(MODEL_SHA256, ""),
        )

    @classmethod
    def of_info(cls, info: Mapping[str, Any]) -> "Identity":
        """Read the answer of `/version`."""
        model = info.get("model")
        return cls(
            tag=str(info.get("tag", "")),
            version=str(info.get("version", "")),
            revision=str(info.get("revision", "")),
            model_sha256=str(model.get("sha256", "")) if isinstance(model, Mapping) else "",
        )


def disagreements(labels: Identity, info: Identity) -> list[str]:
    """Return one sentence for every member in which the service contradicts the labels."""
    return [
        f"{name}: the labels say {getattr(labels, name)!r}, /version says {getattr(info, name)!r}"
        for name in labels.__dataclass_fields__
        if getattr(labels, name) != getattr(info, name)
    ]
