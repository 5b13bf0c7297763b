"""Rehearse a command: the same code on a host whose doors read, remember and change nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from relctl.config.project import Project
from relctl.config.versions import Contract
from relctl.engine.protocol import STOP_GRACE, Container, ContainerSpec, Engine, Image, Network
from relctl.engine.slots import SlotRecords, slot_container
from relctl.errors import EngineError
from relctl.observation.figures import Figures
from relctl.observation.watch import Watch, Watched
from relctl.probe.identity import Identity
from relctl.probe.service import Answer, Service
from relctl.proxy.pointer import Pointer
from relctl.proxy.proxy import Change, Proxy, Upstreams, knows
from relctl.proxy.route import main_slot
from relctl.proxy.upstream import of_the_slots
from relctl.rollout.host import Host
from relctl.rollout.snapshot import BRIEFLY
from relctl.state.event import Event
from relctl.state.evidence import EvidenceStore
from relctl.state.ledger import History, Ledger
from relctl.state.lock import Hold, ReleasableLock, only_looking
from relctl.state.paths import Paths
from relctl.state.steps import Steps


class RehearsedPointer(Pointer):
    """Remembers where it would lead."""

    def __init__(self, paths: Paths) -> None:
        super().__init__(paths)
        self.moved = ""

    def read(self) -> str:
        return self.moved or super().read()

    def move(self, route: str) -> float:
        self.moved = route
        return 0.0

    def prepare(self, route: str) -> None:
        """Create no folder."""


class RehearsedProxy(Proxy):
    """Remembers whether it would be up or down."""

    def __init__(self, project: Project, paths: Paths, upstreams: Upstreams | None = None) -> None:
        super().__init__(project, paths, upstreams)
        self.pointer: RehearsedPointer = RehearsedPointer(paths)
        self.applied: Change = "none"

    @property
    def listen(self) -> tuple[str, ...]:
        return super().listen if self.applied == "none" else self._settings.listen

    def apply(self) -> Change:
        self.applied = self.due()
        return self.applied

    def leads_to(self, slot: str) -> bool:
        return self.applied != "none" or super().leads_to(slot)

    def knows(self, route: str) -> bool:
        return knows(self._text(), route)  # as if that configuration were in place

    def is_up(self) -> bool:
        return self.applied != "none" or super().is_up()

    def has_lost_its_master(self) -> bool:
        return self.applied == "none" and super().has_lost_its_master()

    def renew_master(self) -> Change | None:
        return "restarted" if self.has_lost_its_master() else None

    def down(self) -> bool:
        self.insist_on_managed()
        return self.is_up()


class RehearsedLedger(Ledger):
    """Reads the real events, followed by those that would have been written."""

    def __init__(self, real: Ledger) -> None:
        super().__init__(real.path)
        self._unwritten: list[Event] = []

    def salvage(self) -> History:
        found = super().salvage()
        torn = "" if self._unwritten else found.torn
        events, sound = ([*each, *self._unwritten] for each in (found.events, found.sound))
        return replace(found, events=events, torn=torn, sound=sound)

    def _keep(self, event: Event) -> None:
        self._unwritten.append(event)


class RehearsedEvidence(EvidenceStore):
    """Reads the real evidence and removes none."""

    def remove(self, image_id: str) -> None:
        """Remove nothing."""


class RehearsedSlotRecords(SlotRecords):
    """Reads the real records and remembers those that would be written."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._unwritten: dict[str, Container | None] = {}

    def read(self, slot: str) -> Container | None:
        return self._unwritten[slot] if slot in self._unwritten else super().read(slot)

    def keep(self, slot: str, container: Container) -> None:
        self._unwritten[slot] = container

    def forget(self, slot: str) -> None:
        self._unwritten[slot] = None


class RehearsedService(Service):
    """A service that does not run yet and answers as a good release would."""

    def __init__(self, address: str, contract: Contract, identity: Identity) -> None:
        super().__init__(address, contract)
        self._identity = identity

    def send(self, *_request: Any, **_named: Any) -> Answer:
        """Answer every request with the identity it would have."""
        said = asdict(self._identity)
        said["model"] = {"sha256": said.pop("model_sha256")}
        return Answer(200, {}, json.dumps(said).encode(), 0.0)


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


def rehearse(host: Host, look: Hold = only_looking) -> Host:
    """Return the same host with doors that change nothing; `look` checks whether its locks are taken.

    Progress would be untrue, so none is reported; no notifications are sent.
    """
    records = RehearsedSlotRecords(host.paths.slots)
    proxy = RehearsedProxy(host.project, host.paths, partial(of_the_slots, host.project, records))
    engine = RehearsedEngine(host.engine)

    def ask(address: str, contract: Contract) -> Service:
        answers = engine.starts(address) or _behind_the_proxy(host, engine, proxy, address)
        if answers is None:
            return Service(address, contract)
        return RehearsedService(address, contract, Identity.of_labels(answers.labels))

    return replace(
        host,
        engine=engine,
        proxy=proxy,
        ledger=RehearsedLedger(host.ledger),
        evidence=RehearsedEvidence(host.evidence.folder),
        say=lambda _words: None,
        hold=look,
        ask=ask,
        deliver=lambda _hook, _folder, _body: "",
        forget=lambda _cache, _digests: None,
        records=records,
        drain=lambda _address, _within, _say: 0,
        clear_trials=lambda _project: None,
        try_cases=lambda _service, _cases: None,
        watch=lambda _log, what, _policy, _say: _accepted(what),
        steps=Steps(),
        turn=ReleasableLock(look),
    )


def _accepted(what: Watch) -> Watched:
    """Return the observation result that lets the remaining steps happen."""
    return Watched("healthy", True, Figures(requests=0, failed=0), None, (), what.seconds)


def _behind_the_proxy(
    host: Host, engine: RehearsedEngine, proxy: RehearsedProxy, address: str
) -> Container | None:
    """Return what would answer (most requests) through Nginx; None while nothing has been rehearsed."""
    touched = proxy.pointer.moved or proxy.applied != "none" or engine.changed
    if address != proxy.address or not touched:
        return None
    slot = main_slot(proxy.pointer.read())
    if not slot:
        return None
    try:
        return engine.within(BRIEFLY).container(slot_container(host.project, slot))
    except EngineError:  # going back needs none, and neither does its plan
        return host.records.read(slot)
