"""What relctl asks of whatever runs containers; `docker.py` is the first to answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

STOP_GRACE = 35  # seconds; longer than a service may take to finish its requests


@dataclass(frozen=True)
class Image:
    """An image in the engine: `id` is its identity, `layers` the digests of its uncompressed tars."""

    id: str
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    layers: tuple[str, ...]
    user: str
    size_bytes: int


@dataclass(frozen=True)
class Limits:
    """What one container may use: cores, bytes, processes."""

    cpus: float
    memory: int
    pids: int


@dataclass(frozen=True)
class Network:
    """A bridge with fixed slot addresses; engine-given addresses come from its upper half."""

    name: str
    subnet: str


@dataclass(frozen=True)
class Publish:
    """Reach a container through a loopback port (0: a free one) where the bridge is out of reach."""

    port: int


@dataclass(frozen=True)
class ContainerSpec:
    """A container to start: locked down, limited, reachable at a fixed address or a published port."""

    name: str
    image_id: str
    port: int
    labels: Mapping[str, str]
    limits: Limits
    network: Network
    address: str = ""
    publish: Publish | None = None
    restart: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Container:
    """A container as the engine has it; `address` is `host:port` as seen from this machine, "" if none.

    One that is `paused` is not `running`: it answers nobody.
    """

    name: str
    image_id: str
    labels: Mapping[str, str]
    running: bool
    restarts: int
    exit_code: int
    address: str
    paused: bool = False


class Engine(Protocol):
    """The door to an engine. Every method raises EngineError when the engine refuses or is silent."""

    def image(self, reference: str) -> Image | None:
        """Return the image of a reference or an id, None when the engine has none."""

    def images(self, label: str) -> list[Image]:
        """Return all images that carry the label `key` or `key=value`."""

    def layer_sizes(self, reference: str) -> tuple[int, ...]:
        """Return the bytes of each of an image's layers, lowest first; () where the engine does not tell."""

    def needs_every_layer(self) -> bool:
        """Tell whether an archive must hold layers that the engine has already."""

    def load(self, archive: Path) -> None:
        """Load an image archive; layers that the engine has may be missing from it."""

    def name_image(self, image_id: str, reference: str) -> None:
        """Give an image one more name, `repository:tag`."""

    def remove_image(self, reference: str) -> None:
        """Remove a reference, and the image when it was the last; nothing happens if there is none."""

    def start(self, spec: ContainerSpec) -> Container:
        """Start a container, replacing the one of that name; creates its network where missing.

        Raises EngineError for one that cannot be started, of which nothing is left.
        """

    def container(self, name: str) -> Container | None:
        """Return the container of that name, running or not."""

    def containers(self, labels: Mapping[str, str]) -> list[Container]:
        """Return the containers, running or not, that carry all of `labels`."""

    def processes(self, name: str) -> dict[int, int]:
        """Return the resident bytes of a container's processes by their numbers on the engine's machine.

        What two of them share counts twice.
        """

    def execute(self, name: str, command: Sequence[str]) -> str:
        """Run a program in a running container and return what it said; raises EngineError if it fails."""

    def logs(self, name: str, lines: int) -> str:
        """Return the last lines that a container wrote."""

    def remove(self, name: str, grace: int = STOP_GRACE) -> None:
        """Stop a container, kill it after `grace` seconds, and remove it; none of that name is no error."""

    def remove_network(self, name: str) -> None:
        """Remove a network; nothing happens if there is none."""
