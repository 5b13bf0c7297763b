"""A running service as its HTTP contract shows it: requests with a time limit, never through a proxy."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

from relctl.config.versions import Contract
from relctl.errors import RelctlError


class UnreachableError(RelctlError):
    """Nobody answered, or the connection broke before the answer was whole."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `seconds` from the first byte sent to the last one read."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return json.loads(self.body)


class Service:
    """The service at `address` (host:port); each request has a connection of its own."""

    def __init__(self, address: str, contract: Contract) -> None:
        self.url = f"http://{address}"
        self.contract = contract
        self._address = address

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
        """Send one request, without retries; `timeout` in seconds; raises UnreachableError."""
        started = time.monotonic()
        connection = http.client.HTTPConnection(self._address, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            found = connection.getresponse()
            content = found.read()
        except (OSError, http.client.HTTPException) as error:
            cause = f"{type(error).__name__}: {error}"
            raise UnreachableError(f"{method} {self.url}{path}: {cause}") from error
        finally:
            connection.close()
        names = {name.lower(): value for name, value in found.getheaders()}
        return Answer(found.status, names, content, time.monotonic() - started)

    def is_ready(self) -> bool:
        """Tell whether the service says that it takes traffic."""
        try:
            return self.get(self.contract.ready, timeout=2.0).status == http.HTTPStatus.OK
        except UnreachableError:
            return False

    def info(self) -> dict[str, Any]:
        """Return what `/version` says; raises UnreachableError when that is no JSON object."""
        answer = self.get(self.contract.info)
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.status != http.HTTPStatus.OK or not isinstance(found, dict):
            raise UnreachableError(
                f"GET {self.url}{self.contract.info} answers {answer.status}: {answer.body[:120]!r}"
            )
        return found
