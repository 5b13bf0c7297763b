"""A running service as its HTTP contract shows it: requests with a time limit, never through a proxy."""

import json
import time
from dataclasses import dataclass
from typing import Any

import requests

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
    """The service at `address` (host:port)."""

    def __init__(self, address: str, contract: Contract) -> None:
        self.url = f"http://{address}"
        self.contract = contract
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy variable must never come between us and a slot

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
        try:
            found = self._session.request(
                method, self.url + path, data=body, headers=headers, timeout=timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise UnreachableError(f"{method} {self.url}{path}: {_cause(error)}") from error
        return Answer(
            found.status_code,
            {name.lower(): value for name, value in found.headers.items()},
            found.content,
            time.monotonic() - started,
        )

    def is_ready(self) -> bool:
        """Tell whether the service says that it takes traffic."""
        try:
            return self.get(self.contract.ready, timeout=2.0).status == 200
        except UnreachableError:
            return False

    def info(self) -> dict[str, Any]:
        """Return what `/version` says; raises UnreachableError when that is no JSON object."""
        answer = self.get(self.contract.info)
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.status != 200 or not isinstance(found, dict):
            raise UnreachableError(
                f"GET {self.url}{self.contract.info} answers {answer.status}: {answer.body[:120]!r}"
            )
        return found


def _cause(error: Exception) -> str:
    """Return the innermost cause: the outer ones repeat it with addresses of objects."""
    cause: BaseException = error
    while cause.__context__ is not None:
        cause = cause.__context__
    return f"{type(cause).__name__}: {cause}"
