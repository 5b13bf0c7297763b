"""The interface of a container engine, independent of Docker, and how a container ended, in words."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

ANSWERS_WITHIN = 10.0  # seconds; a query usually takes milliseconds, on a busy engine one or two seconds
SILENT = "docker info shows whether it answers at all; if it hangs, restart dockerd"
STOP_GRACE = 35  # seconds; longer than a service may take to finish its requests
_SIGNAL = 128  # offset of signal numbers in exit codes, of shells and of a container's pid 1
_MEANINGS = {
    0: "it ended by itself, without an error",
    125: "the engine could not run it",
    126: "its command cannot be executed",
    127: "its command, or a library that it needs, was not found",
}
_UNITS = {"g": 1024**3, "m": 1024**2, "k": 1024}


@dataclass(frozen=True)
class Image:
    """An image in the engine: `id` identifies it, `layers` holds the digests of its uncompressed tars."""

    id: str
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    layers: tuple[str, ...]
    user: str
    size_bytes: int


@dataclass(frozen=True)
class Limits:
    """The limits of one container: cores, bytes, processes."""

    cpus: float
    memory: int
    pids: int


@dataclass(frozen=True)
class Network:
    """A bridge network with fixed slot addresses; the engine assigns addresses from its upper half.

    With `subnet` "" any free subnet is used.
    """

    name: str
    subnet: str


@dataclass(frozen=True)
class Publish:
    """Publish a container on a loopback port (0: a free one), if the bridge is unreachable."""

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
    """A container in the engine; `address` is `host:port` as seen from this machine, "" if none.

    A `paused` container does not count as `running`, because it does not answer. `out_of_memory`: the kernel
    killed it, or one of its processes, at `memory_limit` (bytes, 0 for none).
    """

    name: str
    image_id: str
    labels: Mapping[str, str]
    running: bool
    restarts: int
    exit_code: int
    address: str
    paused: bool = False
    out_of_memory: bool = False
    memory_limit: int = 0


class Engine(Protocol):
    """The interface of an engine. Every method raises EngineError if the engine refuses or is silent."""

    def within(self, seconds: float) -> "Engine":
        """Return the same engine with this timeout for queries."""

    def image(self, reference: str) -> Image | None:
        """Return the image of a reference or an id, None if there is none."""

    def images(self, label: str) -> list[Image]:
        """Return all images that carry the label `key` or `key=value`."""

    def layer_sizes(self, reference: str) -> tuple[int, ...]:
        """Return the bytes of each layer of an image, lowest first; () if the engine does not report them."""

    def ids_are_manifests(self) -> bool:
        """Return whether image ids are manifest digests (containerd's image store) or config digests."""

    def load(self, archive: Path) -> None:
        """Load an image archive, which may omit layers that the engine has.

        If more is missing, the engine may accept it, or name it in spite of an error; `prove` detects that.
        """

    def prove(self, image_id: str) -> None:
        """Create a container of an image, without starting it, and remove it: all layers are then present.

        Raises EngineError if that fails.
        """

    def name_image(self, image_id: str, reference: str) -> None:
        """Give an image an additional name, `repository:tag`."""

    def remove_image(self, reference: str) -> None:
        """Remove a reference, and the image with its last one; do nothing if it is missing."""

    def start(self, spec: ContainerSpec) -> Container:
        """Start a container, replacing one of the same name; create its network if missing.

        Raises EngineError if it cannot be started; nothing of it remains.
        """

    def container(self, name: str) -> Container | None:
        """Return the container of that name, running or not."""

    def containers(self, labels: Mapping[str, str]) -> list[Container]:
        """Return the containers that carry all of `labels`, running or not."""

    def processes(self, name: str) -> dict[int, int]:
        """Return the resident bytes of a container's processes by their pids on the engine's machine.

        Memory shared by two of them counts twice.
        """

    def execute(self, name: str, command: Sequence[str]) -> str:
        """Run a program in a running container and return its output; raises EngineError if it fails."""

    def logs(self, name: str, lines: int, since: float = 0.0) -> str:
        """Return the last `lines` (0: all) that a container wrote; `since`: seconds since 1970."""

    def follow(self, name: str, lines: int, since: float = 0.0) -> Iterator[str]:
        """Yield the same lines, then each further one when it is written, until the container ends."""

    def remove(self, name: str, grace: int = STOP_GRACE) -> None:
        """Stop a container, kill it after `grace` seconds, and remove it; do nothing if it is missing."""

    def insist_on_network(self, network: Network) -> None:
        """Raise EngineError if `start` could not use a network or nothing could reach it; creates nothing."""

    def remove_network(self, name: str) -> None:
        """Remove a network; do nothing if it is missing."""


def how_it_ended(container: Container) -> str:
    """Return its exit code and the meaning: `137, out of memory (limit 256m)`."""
    meaning = out_of_memory(container) or _of_code(container.exit_code)
    return f"{container.exit_code}, {meaning}" if meaning else f"{container.exit_code}"


def out_of_memory(container: Container) -> str:
    """Return `out of memory` and the limit if the kernel killed the container or a process of it for that."""
    if not container.out_of_memory:
        return ""
    limit = f" (limit {spelled(container.memory_limit)})" if container.memory_limit else ""
    return f"out of memory{limit}"


def restarted(container: Container | None) -> str:
    """Return how often the engine restarted it, after a comma; "" for never."""
    if container is None or not container.restarts:
        return ""
    times = "once" if container.restarts == 1 else f"{container.restarts} times"
    memory = out_of_memory(container)
    return f", restarted {times}{f', {memory}' if memory else ''}"


def spelled(size: int) -> str:
    """Format bytes as in a configuration file: 256m."""
    unit = next((unit for unit, factor in _UNITS.items() if size and size % factor == 0), "")
    return f"{size // _UNITS[unit]}{unit}" if unit else f"{size}"


def _of_code(code: int) -> str:
    if code in _MEANINGS:
        return _MEANINGS[code]
    try:
        return f"killed by {signal.Signals(code - _SIGNAL).name}"
    except ValueError:
        return ""
