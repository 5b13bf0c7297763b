"""The doors of one environment on this host, as a rollout uses them together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from relctl.config.project import Project
from relctl.engine.protocol import Container, Engine
from relctl.engine.slots import SLOTS, slot_container
from relctl.proxy.door import Proxy
from relctl.state.evidence import EvidenceStore
from relctl.state.ledger import Event, Ledger
from relctl.state.paths import Paths

Say = Callable[[str], None]


@dataclass(frozen=True)
class Host:
    """Engine, proxy, ledger and evidence of one service in one environment; `say` takes progress."""

    project: Project
    paths: Paths
    engine: Engine
    proxy: Proxy
    ledger: Ledger
    evidence: EvidenceStore
    say: Say

    @classmethod
    def of(cls, project: Project, engine: Engine, say: Say) -> "Host":
        """Open the doors of a project's environment."""
        paths = paths_of(project)
        return cls(
            project,
            paths,
            engine,
            Proxy(project, paths),
            Ledger(paths.ledger),
            EvidenceStore(paths.evidence),
            say,
        )

    def slot(self, slot: str) -> Container | None:
        """Return the container that is in a slot."""
        return self.engine.container(slot_container(self.project, slot))

    def slots(self) -> dict[str, Container | None]:
        """Return what is in both slots."""
        return {slot: self.slot(slot) for slot in SLOTS}

    def record(self, event: str, **members: Any) -> Event:
        """Write one event to the ledger."""
        return self.ledger.append(Event(event, **members))


def paths_of(project: Project) -> Paths:
    """Return where this project's environment keeps its state."""
    return Paths(project.state_dir, project.versions.service, project.name)
