"""The pointer, the proxy, the ledger and the services as they would be, while nothing is touched."""

import json
from dataclasses import asdict
from typing import Any

from relctl.config.project import Project
from relctl.config.versions import Contract
from relctl.probe.identity import Identity
from relctl.probe.service import Answer, Service
from relctl.proxy.door import Change, Proxy, knows
from relctl.proxy.pointer import Pointer
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
        """Make no folder."""


class RehearsedProxy(Proxy):
    """Remembers that it would be up, or down."""

    def __init__(self, project: Project, paths: Paths) -> None:
        super().__init__(project, paths)
        self.pointer: RehearsedPointer = RehearsedPointer(paths)
        self.applied: Change = "none"

    def apply(self) -> Change:
        self.applied = self.due()
        return self.applied

    def knows(self, route: str) -> bool:
        return knows(self._text(), route)  # by now that is the configuration in place

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
    """Reads the real events, and after them those that would have been written."""

    def __init__(self, real: Ledger) -> None:
        super().__init__(real.path)
        self._unwritten: list[Event] = []

    def salvage(self) -> History:
        found = super().salvage()
        events, torn = [*found.events, *self._unwritten], "" if self._unwritten else found.torn
        return History(events, torn, found.damage)

    def _keep(self, event: Event) -> None:
        self._unwritten.append(event)


class RehearsedEvidence(EvidenceStore):
    """Reads the real evidence, and keeps what would be removed."""

    def remove(self, image_id: str) -> None:
        """Remove nothing."""


class RehearsedService(Service):
    """A service that does not run yet, and answers as a good release would."""

    def __init__(self, address: str, contract: Contract, identity: Identity) -> None:
        super().__init__(address, contract)
        self._identity = identity

    def send(self, *_request: Any, **_named: Any) -> Answer:
        """Answer every request with who it would be."""
        said = asdict(self._identity)
        said["model"] = {"sha256": said.pop("model_sha256")}
        return Answer(200, {}, json.dumps(said).encode(), 0.0)
