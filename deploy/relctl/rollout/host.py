"""The doors of one environment on this host, as a rollout uses them together."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from relctl.config.environment import Rollout
from relctl.config.notify import Hook
from relctl.config.project import Project
from relctl.config.versions import Contract
from relctl.engine.protocol import Container, Engine
from relctl.engine.slots import SLOTS, STATE, slot_container
from relctl.errors import UsageError
from relctl.probe.service import Service
from relctl.proxy.access_log import AccessLog
from relctl.proxy.door import Proxy
from relctl.rollout.deliver import deliver
from relctl.rollout.observation.watch import Say, Watch, Watched, watch
from relctl.state.evidence import EvidenceStore
from relctl.state.layers import forget
from relctl.state.ledger import Ledger
from relctl.state.lock import Hold, Wait, exclusive
from relctl.state.paths import Paths
from relctl.state.steps import Steps
from relctl.state.turn import Turn

Ask = Callable[[str, Contract], Service]
Deliver = Callable[[Hook, Path, bytes], str]
Forget = Callable[[Path, Collection[str]], None]
Watching = Callable[[AccessLog, Watch, Rollout, Say], Watched]


@dataclass(frozen=True)
class Host:
    """Engine, proxy, ledger and evidence of one service in one environment.

    `say` takes progress; `hold` is how the environment's locks are held, waiting for them or not; `ask` is
    the door to a running service, `deliver` that to who is told, `forget` that to cached layers, `watch`
    that to what traffic shows over time; `steps` notes what is reached, `turn` has the lock.
    """

    project: Project
    paths: Paths
    engine: Engine
    proxy: Proxy
    ledger: Ledger
    evidence: EvidenceStore
    say: Say
    turn: Turn
    hold: Hold = exclusive
    ask: Ask = Service
    deliver: Deliver = deliver
    forget: Forget = forget
    watch: Watching = watch
    steps: Steps = field(default_factory=Steps)

    @classmethod
    def of(cls, project: Project, engine: Engine, say: Say, hold: Hold = exclusive) -> "Host":
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
            Turn(partial(exclusive, wait=Wait(math.inf, say))),
            hold,
        )

    def service(self, address: str) -> Service:
        """Return the door to what answers at an address."""
        return self.ask(address, self.project.versions.contract)

    def access_log(self, since: float) -> AccessLog:
        """Open what users were answered from `since` (seconds since 1970) on."""
        return AccessLog(self.paths.access_log, since, self.project.versions.contract.probes)

    def slot(self, slot: str) -> Container | None:
        """Return the container that is in a slot; raises UsageError if another state directory owns it.

        Two checkouts of one project give their slots the same names: neither may take the other's.
        """
        container = self.engine.container(slot_container(self.project, slot))
        owner = container.labels.get(STATE, "") if container else ""
        if owner and owner != str(self.project.state_dir) and Path(owner).is_dir():
            raise UsageError(
                f"{slot_container(self.project, slot)} belongs to the checkout whose state is in {owner}",
                f"RELCTL_STATE_DIR={owner} relctl …, or give this one an environment of another name (--env)",
            )
        return container

    def slots(self) -> dict[str, Container | None]:
        """Return what is in both slots."""
        return {slot: self.slot(slot) for slot in SLOTS}


def paths_of(project: Project) -> Paths:
    """Return where this project's environment keeps its state."""
    return Paths(project.state_dir, project.versions.service, project.name)
