"""Rehearse the engine: start and remove nothing, and answer as if it had."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from relctl.engine.protocol import STOP_GRACE, Container, ContainerSpec, Engine, Image, Network


@dataclass(frozen=True)
class RehearsedEngine:
    """Reads through `real`; `changed` holds the containers that would differ, None for removed."""

    real: Engine
    changed: dict[str, Container | None] = field(default_factory=dict)

    def within(self, seconds: float) -> "RehearsedEngine":
        return replace(self, real=self.real.within(seconds))

    def image(self, reference: str) -> Image | None:
        return self.real.image(reference)

    def images(self, label: str) -> list[Image]:
        return self.real.images(label)

    def layer_sizes(self, reference: str) -> tuple[int, ...]:
        return self.real.layer_sizes(reference)

    def ids_are_manifests(self) -> bool:
        return self.real.ids_are_manifests()

    def load(self, archive: Path) -> None:
        """Load nothing."""

    def prove(self, image_id: str) -> None:
        """Create nothing."""

    def name_image(self, image_id: str, reference: str) -> None:
        """Name nothing."""

    def remove_image(self, reference: str) -> None:
        """Remove nothing."""

    def start(self, spec: ContainerSpec) -> Container:
        """Return what would run: at its future address, with its image's labels and its own."""
        image = self.image(spec.image_id)
        address = f"127.0.0.1:{spec.publish.port}" if spec.publish else f"{spec.address}:{spec.port}"
        labels = {**(image.labels if image else {}), **spec.labels}
        started = Container(spec.name, spec.image_id, labels, True, 0, 0, address)
        self.changed[spec.name] = started
        return started

    def container(self, name: str) -> Container | None:
        return self.changed[name] if name in self.changed else self.real.container(name)

    def containers(self, labels: Mapping[str, str]) -> list[Container]:
        found = {each.name: each for each in self.real.containers(labels)} | self.changed
        return [each for each in found.values() if each and labels.items() <= each.labels.items()]

    def processes(self, name: str) -> dict[int, int]:
        return self.real.processes(name)

    def execute(self, *_command: str | Sequence[str], **_named: str | Sequence[str]) -> str:
        """Run nothing."""
        return ""

    def logs(self, name: str, lines: int, since: float = 0.0) -> str:
        return self.real.logs(name, lines, since)

    def follow(self, name: str, lines: int, since: float = 0.0) -> Iterator[str]:
        return self.real.follow(name, lines, since)

    def remove(self, name: str, grace: int = STOP_GRACE) -> None:  # noqa: ARG002 - the protocol has it
        self.changed[name] = None

    def insist_on_network(self, network: Network) -> None:
        self.real.insist_on_network(network)

    def remove_network(self, name: str) -> None:
        """Remove nothing."""

    def starts(self, address: str) -> Container | None:
        """Return the container that would answer at an address; None if a real one does, or none."""
        return next((each for each in self.changed.values() if each and each.address == address), None)
