"""The Docker engine behind the `Engine` door, through Docker's own SDK."""

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
import requests
from docker.errors import APIError, DockerException, NotFound

from relctl.engine import inspected
from relctl.engine.protocol import STOP_GRACE, Container, ContainerSpec, Image, Network
from relctl.errors import EngineError
from relctl.state.fault import effect

_LOG_CONFIG = {"Type": "local", "Config": {"max-size": "10m", "max-file": "3"}}
_TMPFS = {"/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777"}  # noqa: S108 - inside the container


class DockerEngine:
    """A local or remote Docker engine; `host` as in DOCKER_HOST, "" for the environment's default."""

    def __init__(self, host: str = "") -> None:
        with _door(host):
            client = docker.DockerClient(base_url=host) if host else docker.from_env()
        self._api: Any = client.api
        remote = host.startswith(("tcp:", "ssh:", "http"))
        self._ports_host = urlsplit(host).hostname or "" if remote else ""

    def image(self, reference: str) -> Image | None:
        with _door():
            try:
                return inspected.image(self._api.inspect_image(reference))
            except NotFound:
                return None

    def images(self, label: str) -> list[Image]:
        with _door():
            found = self._api.images(filters={"label": label})
        images = (self.image(each["Id"]) for each in found)
        return [image for image in images if image is not None]

    def layer_sizes(self, reference: str) -> tuple[int, ...]:
        """By the image's history, without its steps that only set something: those have no bytes."""
        with _door():
            steps: list[dict[str, Any]] = self._api.history(reference)
        return tuple(step["Size"] for step in reversed(steps) if step["Size"] > 0)

    def needs_every_layer(self) -> bool:
        """Engines with the containerd image store cannot take a layer they have from elsewhere."""
        with _door():
            status = self._api.info().get("DriverStatus") or []
        return any("io.containerd.snapshotter" in value for _, value in status)

    def load(self, archive: Path) -> None:
        with _door(), archive.open("rb") as file:
            for line in self._api.load_image(file):
                if "error" in line:
                    raise EngineError(f"the engine refuses the image archive: {line['error']}")

    def name_image(self, image_id: str, reference: str) -> None:
        repository, _, tag = reference.rpartition(":")
        with _door(), effect("image.name"):
            self._api.tag(image_id, repository, tag)

    def remove_image(self, reference: str) -> None:
        with _door(), contextlib.suppress(NotFound), effect("image.unname"):
            self._api.remove_image(reference)

    def start(self, spec: ContainerSpec) -> Container:
        self._ensure_network(spec.network)
        self.remove(spec.name)
        with _door(), effect("container.create"):
            self._api.create_container(
                image=spec.image_id,
                name=spec.name,
                labels={**spec.labels, inspected.PORT_LABEL: str(spec.port)},
                environment=dict(spec.environment),
                ports=[spec.port],
                host_config=self._host_config(spec),
                networking_config=self._attachment(spec),
            )
        with _door(), effect("container.start"):
            self._start_or_remove(spec.name)
        started = self.container(spec.name)
        if started is None:
            raise EngineError(f"container {spec.name} was started and is gone", "docker events")
        return started

    def _start_or_remove(self, name: str) -> None:
        """One that never ran, its address taken say, would keep its name from who has a right to it."""
        try:
            self._api.start(name)
        except APIError:
            self._api.remove_container(name, force=True)
            raise

    def container(self, name: str) -> Container | None:
        with _door():
            try:
                return inspected.container(self._api.inspect_container(name), self._ports_host)
            except NotFound:
                return None

    def containers(self, labels: Mapping[str, str]) -> list[Container]:
        wanted = [f"{key}={value}" for key, value in labels.items()]
        with _door():
            found = self._api.containers(all=True, filters={"label": wanted})
        named = (self.container(each["Id"]) for each in found)
        return [container for container in named if container is not None]

    def processes(self, name: str) -> dict[int, int]:
        """By the engine's `ps`: its own measurement of containers takes a second, too long to see growth."""
        with _door():
            found: Any = self._api.top(name, "-eo pid,rss")
        processes = found.get("Processes")
        if not processes:  # as the last of them ends
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

    def logs(self, name: str, lines: int) -> str:
        with _door():
            try:
                text: bytes = self._api.logs(name, tail=lines)
            except NotFound:
                return ""
        return text.decode(errors="replace")

    def remove(self, name: str, grace: int = STOP_GRACE) -> None:
        with _door(), contextlib.suppress(NotFound):
            with effect("container.stop"):
                self._api.stop(name, timeout=grace)
            with effect("container.remove"):
                self._api.remove_container(name, force=True)

    def remove_network(self, name: str) -> None:
        with _door(), contextlib.suppress(NotFound):
            self._api.remove_network(name)

    def _host_config(self, spec: ContainerSpec) -> Any:
        published = {spec.port: ("127.0.0.1", spec.publish.port or None)} if spec.publish else None
        return self._api.create_host_config(
            init=True,  # a first process without it ignores SIGTERM until it has a handler of its own
            read_only=True,
            tmpfs=_TMPFS,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
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

    def _ensure_network(self, network: Network) -> None:
        with _door():
            try:
                found = self._api.inspect_network(network.name)
            except NotFound:
                return self._create_network(network)
        subnets = [config.get("Subnet") for config in found["IPAM"]["Config"]]
        if network.subnet not in subnets:
            raise EngineError(
                f"network {network.name} has subnet {', '.join(subnets)}, not {network.subnet}",
                f"docker network rm {network.name}, or set network.subnet in the environment",
            )
        return None

    def _create_network(self, network: Network) -> None:
        """Give engine-chosen addresses the upper half, so that none takes a slot's."""
        *_, upper = ipaddress.ip_network(network.subnet).subnets()
        pool = docker.types.IPAMPool(subnet=network.subnet, iprange=str(upper))
        try:
            with effect("network.make"):
                self._api.create_network(
                    network.name, driver="bridge", ipam=docker.types.IPAMConfig(pool_configs=[pool])
                )
        except APIError as error:
            if "overlap" not in str(error):
                raise
            raise EngineError(
                f"subnet {network.subnet} is taken by another network of this machine",
                "set network.subnet in the environment file (or RELCTL_NETWORK_SUBNET) to a free one",
            ) from None


@contextlib.contextmanager
def _door(host: str = "") -> Iterator[None]:
    """Turn the SDK's errors into ours; NotFound is the caller's business."""
    try:
        yield
    except NotFound as error:
        raise EngineError(f"the engine does not have it: {error.explanation}") from error
    except APIError as error:
        raise EngineError(f"the engine refuses: {error.explanation or error}") from error
    except (DockerException, requests.RequestException) as error:
        raise EngineError(
            f"no Docker engine answers at {host or 'its default address'}: {_first_line(error)}",
            "make setup starts one; docker_host in the environment file names another",
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
