"""A Docker engine on this machine: frequent queries go straight to its socket, the rest through the SDK.

Importing the SDK would take a third of a warm rollback, which only inspects the two slots. The same holds
for a build without changes, which only inspects one image.
"""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from relctl.engine import inspected
from relctl.engine.protocol import (
    ANSWERS_WITHIN,
    SILENT,
    STOP_GRACE,
    Container,
    ContainerSpec,
    Image,
    Network,
)
from relctl.errors import EngineError

if TYPE_CHECKING:
    from relctl.engine.docker import DockerEngine


class LocalEngine:
    """The engine that listens on the Unix socket at `path`."""

    def __init__(self, path: str, within: float = ANSWERS_WITHIN) -> None:
        self._path, self._within = path, within

    @cached_property
    def _docker(self) -> "DockerEngine":
        from relctl.engine.docker import DockerEngine

        return DockerEngine(f"unix://{self._path}", self._within)

    def within(self, seconds: float) -> "LocalEngine":
        return LocalEngine(self._path, seconds)

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

    def ids_are_manifests(self) -> bool:
        return self._docker.ids_are_manifests()

    def load(self, archive: Path) -> None:
        self._docker.load(archive)

    def prove(self, image_id: str) -> None:
        self._docker.prove(image_id)

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

    def logs(self, name: str, lines: int, since: float = 0.0) -> str:
        return self._docker.logs(name, lines, since)

    def follow(self, name: str, lines: int, since: float = 0.0) -> Iterator[str]:
        return self._docker.follow(name, lines, since)

    def remove(self, name: str, grace: int = STOP_GRACE) -> None:
        self._docker.remove(name, grace)

    def insist_on_network(self, network: Network) -> None:
        self._docker.insist_on_network(network)

    def remove_network(self, name: str) -> None:
        self._docker.remove_network(name)

    def _inspect(self, kind: str, name: str) -> dict[str, Any] | None:
        """Inspect one container or image; None if there is none of that name."""
        status, body = self._ask(f"/{kind}/{quote(name, safe='/:@')}/json")
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
