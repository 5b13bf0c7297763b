"""An engine that starts and removes nothing, and answers as if it had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from relctl.engine.protocol import STOP_GRACE, Container, ContainerSpec, Engine, Image


@dataclass(frozen=True)
class RehearsedEngine:
    """Looks through `real`; `changed` are the containers that would be others by now, None for removed."""

    real: Engine
    changed: dict[str, Container | None] = field(default_factory=dict)

    def image(self, reference: str) -> Image | None:
        return self.real.image(reference)

    def images(self, label: str) -> list[Image]:
        return self.real.images(label)

    def layer_sizes(self, reference: str) -> tuple[int, ...]:
        return self.real.layer_sizes(reference)

    def needs_every_layer(self) -> bool:
        return self.real.needs_every_layer()

    def load(self, archive: Path) -> None:
        """Load nothing."""

    def name_image(self, image_id: str, reference: str) -> None:
        """Name nothing."""

    def remove_image(self, reference: str) -> None:
        """Remove nothing."""

    def start(self, spec: ContainerSpec) -> Container:
        """Say what would run: at the address that it would have, with its image's labels and its own."""
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

    def logs(self, name: str, lines: int) -> str:
        return self.real.logs(name, lines)

    def remove(self, name: str, grace: int = STOP_GRACE) -> None:  # noqa: ARG002 - of the protocol
        self.changed[name] = None

    def remove_network(self, name: str) -> None:
        """Remove nothing."""

    def starts(self, address: str) -> Container | None:
        """The container that would answer at an address, None where a real one does, or nobody."""
        return next((each for each in self.changed.values() if each and each.address == address), None)
