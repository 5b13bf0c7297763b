"""Ask Docker directly at its Unix socket: a third of the time that importing its SDK takes."""

import http.client
import json
import socket
from typing import Any
from urllib.parse import quote

from relctl.engine.protocol import SILENT
from relctl.errors import EngineError


class Socket:
    """The engine that listens on the Unix socket at `path`; each answer is waited for `within` seconds."""

    def __init__(self, path: str, within: float) -> None:
        self._path, self._within = path, within

    def inspect(self, kind: str, name: str) -> dict[str, Any] | None:
        """Inspect a `container` or `image`; None if there is none of that name, EngineError for no answer."""
        status, body = self._ask(f"/{kind}s/{quote(name, safe='/:@')}/json")
        if status == http.HTTPStatus.NOT_FOUND:
            return None
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if status != http.HTTPStatus.OK or not isinstance(found, dict):
            raise EngineError(f"the engine refuses to inspect {name}: {status} {body[:200]!r}")
        return found

    def _ask(self, path: str) -> tuple[int, bytes]:
        connection = _Connection(self._path, self._within)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except PermissionError as error:
            raise EngineError(
                f"unix://{self._path}: this user may not use the engine",
                'sudo usermod -aG docker "$USER", then log in again',
            ) from error
        except TimeoutError as error:
            raise EngineError(
                f"the Docker engine at unix://{self._path} did not answer within {self._within:g} s",
                SILENT,
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise EngineError(
                f"no Docker engine answers at unix://{self._path}: {error}",
                "make setup starts one; docker_host in the environment file names another",
            ) from error
        finally:
            connection.close()


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, within: float) -> None:
        super().__init__("localhost")
        self._path, self._within = path, within

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._within)
        self.sock.connect(self._path)
