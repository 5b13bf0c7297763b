"""A Docker engine on this machine: what is asked most goes through its socket, the rest through the SDK.

Importing the SDK is a third of a warm rollback, which only asks what is in the two slots, and of a build
without changes, which only asks for one image.
"""

import http.client
import json
import socket
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from relctl.engine import inspected
from relctl.engine.protocol import STOP_GRACE, Container, ContainerSpec, Image
from relctl.errors import EngineError

if TYPE_CHECKING:
    from relctl.engine.docker import DockerEngine

_TIMEOUT = 60.0  # seconds; the SDK's own


class LocalEngine:
    """The engine that listens on the Unix socket at `path`."""

    def __init__(self, path: str) -> None:
        self._path = path

    @cached_property
    def _docker(self) -> "DockerEngine":
        from relctl.engine.docker import DockerEngine

        return DockerEngine(f"unix://{self._path}")

    def container(self, name: str) -> Container | None:
        found = self._inspect("containers", name)
        return inspected.container(found) if found else None

    def image(self, reference: str) -> Image | None:
        found = self._inspect("images", reference)
        return inspected.image(found) if found else None

    def images(self, label: str) -> list[Image]:
        return self._docker.images(label)

    def layer_sizes(self, reference: str) -> tuple[int, ...]:
        return self._docker.layer_sizes(reference)

    def needs_every_layer(self) -> bool:
        return self._docker.needs_every_layer()

    def load(self, archive: Path) -> None:
        self._docker.load(archive)

    def name_image(self, image_id: str, reference: str) -> None:
        self._docker.name_image(image_id, reference)

    def remove_image(self, reference: str) -> None:
        self._docker.remove_image(reference)

    def processes(self, name: str) -> dict[int, int]:
        return self._docker.processes(name)

    def execute(self, name: str, command: Sequence[str]) -> str:
        return self._docker.execute(name, command)

    def start(self, spec: ContainerSpec) -> Container:
        return self._docker.start(spec)

    def containers(self, labels: Mapping[str, str]) -> list[Container]:
        return self._docker.containers(labels)

    def logs(self, name: str, lines: int) -> str:
        return self._docker.logs(name, lines)

    def remove(self, name: str, grace: int = STOP_GRACE) -> None:
        self._docker.remove(name, grace)

    def remove_network(self, name: str) -> None:
        self._docker.remove_network(name)

    def _inspect(self, kind: str, name: str) -> dict[str, Any] | None:
        """Ask for one container or image; None when there is none of that name."""
        status, body = self._ask(f"/{kind}/{quote(name, safe='/:@')}/json")
        if status == http.HTTPStatus.NOT_FOUND:
            return None
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if status != http.HTTPStatus.OK or not isinstance(found, dict):
            raise EngineError(f"the engine refuses to tell of {name}: {status} {body[:200]!r}")
        return found

    def _ask(self, path: str) -> tuple[int, bytes]:
        connection = _Connection(self._path)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except PermissionError as error:
            raise EngineError(
                f"unix://{self._path}: this user may not use the engine",
                'sudo usermod -aG docker "$USER", then log in again',
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

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(self._path)
