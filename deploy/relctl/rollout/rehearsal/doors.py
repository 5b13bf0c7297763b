"""Rehearse the pointer, proxy, ledger and services without touching them."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from relctl.config.project import Project
from relctl.config.versions import Contract
from relctl.engine.protocol import Container
from relctl.engine.slots import SlotRecords
from relctl.probe.identity import Identity
from relctl.probe.service import Answer, Service
from relctl.proxy.pointer import Pointer
from relctl.proxy.proxy import Change, Proxy, Upstreams, knows
from relctl.state.event import Event
from relctl.state.evidence import EvidenceStore
from relctl.state.ledger import History, Ledger
from relctl.state.paths import Paths


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
