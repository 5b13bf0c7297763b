"""The Docker engine: Docker's SDK, imported on first need, and for frequent queries the socket itself.

Importing the SDK takes a third of a warm rollback, which only inspects the two slots. The same holds for a
build without changes, which only inspects one image.
"""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from relctl.config.environment import Environment
from relctl.engine import docker_inspect
from relctl.engine.docker_inspect import Socket
from relctl.engine.labels import PORT, PROOF
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
from relctl.state.fault_points import effect

_DEFAULT = "unix:///var/run/docker.sock"
_LOG_CONFIG = {"Type": "local", "Config": {"max-size": "10m", "max-file": "3"}}
_WORK_WITHIN = 60  # seconds of silence
_PROVED_WITHIN = 600.0  # seconds; containerd's store may extract all layers first
_TMPFS = {"/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777"}  # noqa: S108 - inside the container


class _RefusedError(EngineError):
    """The engine answers that it does not do it."""


class _MissingError(_RefusedError):
    """The engine does not have the container, image or network."""


class DockerEngine:
    """A local or remote Docker engine; `host` as in DOCKER_HOST, "" for the SDK's default."""

    def __init__(self, host: str = "", within: float = ANSWERS_WITHIN) -> None:
        self._host, self._within = host, within
        remote = host.startswith(("tcp:", "ssh:", "http"))
        self._ports_host = urlsplit(host).hostname or "" if remote else ""
        self._is_here = not remote
        is_socket = host.startswith("unix://")
        self._socket = Socket(host.removeprefix("unix://"), within) if is_socket else None

    @cached_property
    def _api(self) -> Any:
        """The client for slow operations: load, start, stop."""
        return self._client(_WORK_WITHIN)

    @cached_property
    def _questions(self) -> Any:
        """The client for queries that a healthy engine answers in milliseconds."""
        return self._client(self._within)

    def _client(self, within: float) -> Any:
        import docker

        with _door(self._host):
            timeout: Any = within  # the SDK's stubs allow only int, requests takes float
            if self._host:
                return docker.DockerClient(base_url=self._host, timeout=timeout).api
            return docker.from_env(timeout=timeout).api

    def within(self, seconds: float) -> "DockerEngine":
        return DockerEngine(self._host, seconds)

    def image(self, reference: str) -> Image | None:
        found = self._inspect("image", reference)
        return docker_inspect.image(found) if found else None

    def images(self, label: str) -> list[Image]:
        with _door():
            found = self._questions.images(filters={"label": label})
        images = (self.image(each["Id"]) for each in found)
        return [image for image in images if image is not None]

    def layer_sizes(self, reference: str) -> tuple[int, ...]:
        """Use the image's history without metadata steps, which have no bytes."""
        with _door():
            steps: list[dict[str, Any]] = self._questions.history(reference)
        return tuple(step["Size"] for step in reversed(steps) if step["Size"] > 0)

    def ids_are_manifests(self) -> bool:
        """Detect containerd's image store, which appears as a storage driver."""
        with _door():
            status = self._questions.info().get("DriverStatus") or []
        return any("io.containerd.snapshotter" in value for _, value in status)

    def load(self, archive: Path) -> None:
        with _door(), archive.open("rb") as file:
            for line in self._api.load_image(file):
                if "error" in line:
                    raise EngineError(f"the engine refuses the image archive: {line['error']}")

    def prove(self, image_id: str) -> None:
        """Use a unique container name: two builds may prove one image at once."""
        with _door():
            self._remove_left_proofs()
            made = self._api.create_container(
                image_id, name=f"relctl-proof-{uuid4().hex[:12]}", labels={PROOF: ""}, network_disabled=True
            )
            self._remove_proof(made["Id"])

    def _remove_left_proofs(self) -> None:
        """Remove containers of killed builds: they would block the removal of their images."""
        for each in self._api.containers(all=True, filters={"label": PROOF}):
            if time.time() - each["Created"] > _PROVED_WITHIN:
                self._remove_proof(each["Id"])

    def _remove_proof(self, container: str) -> None:
        """Remove a proof; ignore failures, which say nothing about the image: the next proof cleans up."""
        with contextlib.suppress(EngineError), _door():
            self._api.remove_container(container, force=True)

    def name_image(self, image_id: str, reference: str) -> None:
        repository, _, tag = reference.rpartition(":")
        with _door(), effect("image.name"):
            self._api.tag(image_id, repository, tag)

    def remove_image(self, reference: str) -> None:
        with contextlib.suppress(_MissingError), _door(), effect("image.unname"):
            self._api.remove_image(reference)

    def start(self, spec: ContainerSpec) -> Container:

        from relctl.engine import networks

        with _door():
            networks.ensure(self._api, spec.network, self._is_here)
        self.remove(spec.name)
        with _door(), effect("container.create"):
            self._api.create_container(
                image=spec.image_id,
                name=spec.name,
                labels={**spec.labels, PORT: str(spec.port)},
                environment=dict(spec.environment),
                ports=[spec.port],
                host_config=self._host_config(spec),
                networking_config=self._attachment(spec),
            )
        with effect("container.start"):
            self._start_or_remove(spec.name)
        started = self.container(spec.name)
        if started is None:
            raise EngineError(f"container {spec.name} was started and is gone", "docker events")
        return started

    def _start_or_remove(self, name: str) -> None:
        """Start a container, or remove it: one that never ran would keep its name taken."""
        try:
            with _door():
                self._api.start(name)
        except _RefusedError:
            with _door():
                self._api.remove_container(name, force=True)
            raise

    def container(self, name: str) -> Container | None:
        found = self._inspect("container", name)
        return docker_inspect.container(found, self._ports_host) if found else None

    def _inspect(self, kind: str, name: str) -> dict[str, Any] | None:
        """Inspect a `container` or `image`; None if there is none of that name."""
        if self._socket:
            return self._socket.inspect(kind, name)
        with contextlib.suppress(_MissingError), _door():
            found: dict[str, Any] = getattr(self._questions, f"inspect_{kind}")(name)
            return found
        return None

    def containers(self, labels: Mapping[str, str]) -> list[Container]:
        wanted = [f"{key}={value}" for key, value in labels.items()]
        with _door():
            found = self._questions.containers(all=True, filters={"label": wanted})
        named = (self.container(each["Id"]) for each in found)
        return [container for container in named if container is not None]

    def processes(self, name: str) -> dict[int, int]:
        """Use the engine's `ps`: its own statistics take a second each, too slow to follow growth."""
        with _door():
            found: Any = self._questions.top(name, "-eo pid,rss")
        processes = found.get("Processes")
        if not processes:  # the last one is ending
            raise EngineError(f"no process runs in {name}")
        return {int(number): 1024 * int(rss) for number, rss in processes}

    def execute(self, name: str, command: Sequence[str]) -> str:
        with _door():
            identity = self._api.exec_create(name, list(command))["Id"]
            said: bytes = self._api.exec_start(identity)
            code = self._api.exec_inspect(identity)["ExitCode"]
        if code != 0:
            last = said.decode(errors="replace").strip().splitlines()[-1:]
            raise EngineError(f"{command[0]} in {name} ended with {code}: {''.join(last)}")
        return said.decode(errors="replace")

    def logs(self, name: str, lines: int, since: float = 0.0) -> str:
        with contextlib.suppress(_MissingError), _door():
            text: bytes = self._questions.logs(name, tail=lines or "all", since=since or None)
            return text.decode(errors="replace")
        return ""

    def follow(self, name: str, lines: int, since: float = 0.0) -> Iterator[str]:
        with contextlib.suppress(_MissingError), _door():
            yield from _lines(
                self._api.logs(name, stream=True, follow=True, tail=lines or "all", since=since or None)
            )

    def remove(self, name: str, grace: int = STOP_GRACE) -> None:
        with contextlib.suppress(_MissingError), _door():
            with effect("container.stop"):
                self._api.stop(name, timeout=grace)
            with effect("container.remove"):
                self._api.remove_container(name, force=True)

    def insist_on_network(self, network: Network) -> None:

        from relctl.engine import networks

        with _door():
            networks.insist(self._questions, network, self._is_here)

    def remove_network(self, name: str) -> None:
        with contextlib.suppress(_MissingError), _door():
            self._api.remove_network(name)

    def _host_config(self, spec: ContainerSpec) -> Any:
        published = {spec.port: ("127.0.0.1", spec.publish.port or None)} if spec.publish else None
        return self._api.create_host_config(
            init=True,  # without it, pid 1 ignores SIGTERM until it installs a handler
            read_only=True,
            tmpfs=_TMPFS,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges=true"],
            mem_limit=spec.limits.memory,
            memswap_limit=spec.limits.memory,
            nano_cpus=int(spec.limits.cpus * 1e9),
            pids_limit=spec.limits.pids,
            restart_policy={"Name": "unless-stopped"} if spec.restart else None,
            port_bindings=published,
            log_config=_LOG_CONFIG,
        )

    def _attachment(self, spec: ContainerSpec) -> Any:
        endpoint = self._api.create_endpoint_config(ipv4_address=spec.address or None)
        return self._api.create_networking_config({spec.network.name: endpoint})


def connect(environment: Environment) -> DockerEngine:
    """Return the environment's engine: docker_host, else DOCKER_HOST, else the local socket."""
    return DockerEngine(environment.docker_host or os.environ.get("DOCKER_HOST") or _DEFAULT)


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield whole lines of what comes in pieces of any length, and at the end what is left."""
    begun = b""
    for piece in pieces:
        *whole, begun = (begun + piece).split(b"\n")
        yield from (each.decode(errors="replace").rstrip("\r") for each in whole)
    if begun:
        yield begun.decode(errors="replace")


@contextlib.contextmanager
def _door(host: str = "") -> Iterator[None]:
    """Translate the SDK's errors into ours."""
    import requests  # as the SDK: on first need
    from docker.errors import APIError, DockerException, NotFound

    try:
        yield
    except NotFound as error:
        raise _MissingError(f"the engine does not have it: {error.explanation}") from error
    except APIError as error:
        raise _RefusedError(f"the engine refuses: {error.explanation or error}") from error
    except requests.Timeout as error:
        raise EngineError(
            f"the Docker engine did not answer in time: {_first_line(error)}", SILENT
        ) from error
    except (DockerException, requests.RequestException) as error:
        where = host or "its default address"
        raise docker_inspect.no_engine(where, _first_line(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
