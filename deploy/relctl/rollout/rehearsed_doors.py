"""The doors of a dry run: they forward what reads, remember what would be written, and have nothing else.

A call that a door does not know fails; none of them inherits one that would really happen.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from relctl.config.environment import reachable
from relctl.config.project import Project
from relctl.config.versions import Contract
from relctl.engine.protocol import STOP_GRACE, Container, ContainerSpec, Engine, Image, Network
from relctl.engine.slots import SlotRecords
from relctl.probe.service import Answer, Identity
from relctl.proxy.pointer import Pointer
from relctl.proxy.proxy import Change, Proxy, ProxyState, knows
from relctl.proxy.upstream import is_marked, of_the_slots
from relctl.rollout.doors import EvidenceDoor, LedgerDoor, PointerDoor, SlotRecordsDoor
from relctl.state.event import Event
from relctl.state.evidence import Evidence
from relctl.state.ledger import LedgerContent, stamped
from relctl.state.paths import Paths


@dataclass
class RehearsedPointer:
    """Remembers where it would lead."""

    real: PointerDoor
    moved: str = ""

    def read(self) -> str:
        return self.moved or self.real.read()

    def age(self) -> float:
        return 0.0 if self.moved else self.real.age()

    def astray(self) -> str:
        return "" if self.moved else self.real.astray()

    def move(self, route: str) -> float:
        self.moved = route
        return 0.0

    def prepare(self, route: str) -> None:
        """Create no folder."""


class RehearsedProxy:
    """Remembers the configuration with which Nginx would run, None while nothing changed it."""

    def __init__(self, project: Project, paths: Paths, records: SlotRecordsDoor | None = None) -> None:
        self._upstreams = partial(of_the_slots, project, (records or SlotRecords(paths.slots)).read)
        self._real = Proxy(project, paths, self._upstreams)
        self._listen = project.environment.proxy.listen
        self._applied: str | None = None
        self.pointer = RehearsedPointer(Pointer(paths))

    @property
    def is_touched(self) -> bool:
        """Return whether it would be another Nginx than now."""
        return self._applied is not None

    @property
    def config(self) -> Path:
        return self._real.config

    @property
    def address(self) -> str:
        return self._real.address if self._applied is None else reachable(self._listen[0])

    def apply(self) -> Change:
        change = self.due()
        if change != "none":
            self._applied = self._real.text()
        return change

    def due(self) -> Change:
        if self._applied is None:
            return self._real.due()
        return "none" if self._applied == self._real.text() else "reloaded"

    def knows(self, route: str) -> bool:
        return self._real.knows(route) if self._applied is None else knows(self._applied, route)

    def leads_to(self, slot: str) -> bool:
        if self._applied is None:
            return self._real.leads_to(slot)
        return is_marked(self._applied, slot, self._upstreams()[slot])

    def state(self) -> ProxyState:
        return self._real.state()

    def is_up(self) -> bool:
        return self.is_touched or self._real.is_up()

    def has_lost_its_master(self) -> bool:
        return not self.is_touched and self._real.has_lost_its_master()

    def renew_master(self) -> Change | None:
        return "restarted" if self.has_lost_its_master() else None

    def insist_on_managed(self) -> None:
        self._real.insist_on_managed()

    def down(self) -> bool:
        self.insist_on_managed()
        return self.is_up()


@dataclass
class RehearsedLedger:
    """Reads the real events, followed by those that would have been written."""

    real: LedgerDoor
    unwritten: list[Event] = field(default_factory=list)
    told: int = 0

    def append(self, event: Event) -> None:
        self.unwritten.append(stamped(event))

    def note(self, event: Event) -> None:
        self.append(event)

    def news(self) -> list[Event]:
        found, self.told = self.unwritten[self.told :], len(self.unwritten)
        return found

    def read(self) -> LedgerContent:
        return self._continued(self.real.read())

    def salvage(self) -> LedgerContent:
        return self._continued(self.real.salvage())

    def insist(self) -> None:
        self.real.insist()

    def tolerate(self, say: Callable[[str], None]) -> None:
        self.real.tolerate(say)

    def tell(self, say: Callable[[str], None], words: str) -> None:
        self.real.tell(say, words)

    def _continued(self, found: LedgerContent) -> LedgerContent:
        torn = "" if self.unwritten else found.torn
        events, sound = ([*each, *self.unwritten] for each in (found.events, found.sound))
        return replace(found, events=events, torn=torn, sound=sound)


@dataclass
class RehearsedEvidence:
    """Reads the real evidence, without that of images whose evidence would have been removed."""

    real: EvidenceDoor
    removed: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return self.real.folder

    def path(self, image_id: str, pipeline: str) -> Path:
        return self.real.path(image_id, pipeline)

    def find(self, image_id: str, pipeline: str) -> Evidence | None:
        return None if image_id in self.removed else self.real.find(image_id, pipeline)

    def sha256(self, evidence: Evidence) -> str:
        return self.real.sha256(evidence)

    def knows(self, image_id: str) -> bool:
        return image_id not in self.removed and self.real.knows(image_id)

    def of_tag(self, tag: str) -> str:
        return self.real.of_tag(tag)

    def newest(self, image_id: str) -> Evidence | None:
        return None if image_id in self.removed else self.real.newest(image_id)

    def remove(self, image_id: str) -> None:
        self.removed.add(image_id)


@dataclass
class RehearsedSlotRecords:
    """Reads the real records and remembers those that would be written."""

    real: SlotRecordsDoor
    unwritten: dict[str, Container | None] = field(default_factory=dict)

    def read(self, slot: str) -> Container | None:
        return self.unwritten[slot] if slot in self.unwritten else self.real.read(slot)

    def keep(self, slot: str, container: Container) -> None:
        self.unwritten[slot] = container

    def forget(self, slot: str) -> None:
        self.unwritten[slot] = None


@dataclass
class RehearsedService:
    """A service that does not run yet: it is ready, and answers everything with what it would be."""

    url: str
    contract: Contract
    identity: Identity

    def send(self, *_request: Any, **_named: Any) -> Answer:
        return Answer(200, {}, json.dumps(self.info()).encode(), 0.0)

    def readiness(self, within: float = 2.0) -> Answer:  # noqa: ARG002 - the protocol has it
        return self.send()

    def is_ready(self, within: float = 2.0) -> bool:  # noqa: ARG002 - the protocol has it
        return True

    def info(self, within: float = 5.0) -> dict[str, Any]:  # noqa: ARG002 - the protocol has it
        said = asdict(self.identity)
        said["model"] = {"sha256": said.pop("model_sha256")}
        return said


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
        raise NotImplementedError(f"no command that is rehearsed loads {archive}")

    def prove(self, image_id: str) -> None:
        raise NotImplementedError(f"no command that is rehearsed proves {image_id}")

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

    def execute(self, name: str, command: Sequence[str]) -> str:
        raise NotImplementedError(f"no command that is rehearsed runs {command} in {name}")

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
