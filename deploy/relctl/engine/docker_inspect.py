"""Ask Docker at its Unix socket, a third of the time that importing its SDK takes, and parse its answers."""

import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from relctl.engine.labels import PORT
from relctl.engine.protocol import SILENT, Container, Image
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
            raise no_engine(f"unix://{self._path}", str(error)) from error
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


def no_engine(address: str, why: str) -> EngineError:
    """Return the error for an address at which no engine answers."""
    return EngineError(
        f"no Docker engine answers at {address}: {why}",
        "make setup starts one; docker_host in the environment file names another",
    )


def image(found: Mapping[str, Any]) -> Image:
    """Parse the answer about an image."""
    config = found.get("Config") or {}
    return Image(
        id=found["Id"],
        tags=tuple(found.get("RepoTags") or ()),
        labels=config.get("Labels") or {},
        layers=tuple(found.get("RootFS", {}).get("Layers") or ()),
        user=config.get("User", ""),
        size_bytes=found["Size"],
    )


def container(found: Mapping[str, Any], host: str = "") -> Container:
    """Parse the answer about a container; `host` has its published ports, "" for this machine."""
    state, labels = found["State"], found["Config"]["Labels"] or {}
    return Container(
        name=found["Name"].lstrip("/"),
        image_id=found["Image"],
        labels=labels,
        running=bool(state["Running"]) and not (state.get("Restarting") or state.get("Paused")),
        paused=bool(state.get("Paused")),
        restarts=found.get("RestartCount", 0),
        exit_code=state.get("ExitCode", 0),
        address=_address(found["NetworkSettings"], labels.get(PORT, ""), host),
        out_of_memory=bool(state.get("OOMKilled")),
        memory_limit=(found.get("HostConfig") or {}).get("Memory") or 0,
    )


def _address(settings: Mapping[str, Any], port: str, host: str) -> str:
    """Return the published port if there is one, else the bridge address, else ""."""
    for binding in (settings.get("Ports") or {}).get(f"{port}/tcp") or []:
        return f"{host or binding['HostIp']}:{binding['HostPort']}"
    for network in (settings.get("Networks") or {}).values():
        if network.get("IPAddress"):
            return f"{network['IPAddress']}:{port}"
    return ""
