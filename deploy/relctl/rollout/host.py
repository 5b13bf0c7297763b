"""Bundle the doors of one environment on this host for the rollout verbs."""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from relctl.config.environment import Hook, Rollout
from relctl.config.project import Project
from relctl.config.versions import Contract
from relctl.engine.labels import STATE, contract_of
from relctl.engine.protocol import Container, Engine
from relctl.engine.slots import SLOTS, SlotRecords, slot_container
from relctl.errors import UsageError
from relctl.probe import cases
from relctl.probe.service import Service, ServiceDoor
from relctl.proxy.access_log import AccessLog
from relctl.proxy.access_log_file import Mark, before, mark_of
from relctl.proxy.access_log_line import Request
from relctl.proxy.connections import drain
from relctl.proxy.proxy import Proxy
from relctl.rollout.deliver import deliver
from relctl.state.evidence import EvidenceStore
from relctl.state.layer_cache import forget
from relctl.state.ledger import Ledger
from relctl.state.lock import Hold, ReleasableLock, Wait, exclusive
from relctl.state.paths import Paths
from relctl.state.steps import Steps

if TYPE_CHECKING:
    from relctl.config.pipeline import Case
    from relctl.observation.watch import Watch, Watched
    from relctl.rollout.doors import EvidenceDoor, LedgerDoor, ProxyDoor, SlotRecordsDoor

Say = Callable[[str], None]
Ask = Callable[[str, Contract], ServiceDoor]
Deliver = Callable[[Hook, Path, bytes], str]
Forget = Callable[[Path, Collection[str]], None]
Draining = Callable[[str, float, Say], int]
TryCases = Callable[[ServiceDoor, Sequence["Case"]], None]
ClearTrials = Callable[[Project], None]
Watching = Callable[[AccessLog, "Watch", Rollout, Say], "Watched"]


def _watch(log: AccessLog, what: "Watch", policy: Rollout, say: Say) -> "Watched":
    from relctl.observation.watch import watch  # imported here: a warm rollback watches nothing

    return watch(log, what, policy, say)


def _clear_trials(project: Project) -> None:
    from relctl.proxy.front import remove_leftovers  # imported here: only `down` needs it

    remove_leftovers(project)


@dataclass(frozen=True)
class Host:
    """Engine, proxy, ledger, evidence and slot records of one service in one environment.

    `say` takes progress. `hold` acquires the environment's locks, waiting or not; `turn` holds the lock.
    `ask` opens a running service, `deliver` a hook, `forget` the layer cache. `try_cases` and `watch` check
    what users get, now and over time. `drain` waits for running requests, `clear_trials` removes what a
    killed verification left. `steps` records the steps reached.
    """

    project: Project
    paths: Paths
    engine: Engine
    proxy: "ProxyDoor"
    ledger: "LedgerDoor"
    evidence: "EvidenceDoor"
    records: "SlotRecordsDoor"
    say: Say
    turn: ReleasableLock
    hold: Hold = exclusive
    ask: Ask = Service
    deliver: Deliver = deliver
    forget: Forget = forget
    try_cases: TryCases = cases.ask
    watch: Watching = _watch
    drain: Draining = drain
    clear_trials: ClearTrials = _clear_trials
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
            EvidenceStore(paths.evidence, partial(_refresh_index, say)),
            SlotRecords(paths.slots),
            say,
            ReleasableLock(partial(exclusive, wait=Wait(math.inf, say))),
            hold,
        )

    def contract(self, container: Container) -> Contract:
        """Return the contract of the release in a container, from its image."""
        return contract_of(container.labels, self.project.versions.contract)

    def service(self, container: Container) -> ServiceDoor:
        """Return the door to the release in a container, at its own address."""
        return self.ask(container.address, self.contract(container))

    def through_proxy(self, container: Container) -> ServiceDoor:
        """Return the door to what users reach, by the contract of the release in a container."""
        return self.front(self.contract(container))

    def front(self, contract: Contract | None = None) -> ServiceDoor:
        """Return the door to what users reach, by a contract; by default the project's next release's."""
        return self.ask(self.proxy.address, contract or self.project.versions.contract)

    def probes(self) -> frozenset[str]:
        """Return the paths that only probes request, of the releases in the slots and of the next release."""
        known = (each for each in self.remembered_slots().values() if each is not None)
        return self.project.versions.contract.probes.union(*(self.contract(each).probes for each in known))

    def access_log(self, since: float, mark: Mark | None = None) -> AccessLog:
        """Open the access log from a mark on, or from `since` (seconds since 1970) on."""
        return AccessLog(self.paths.access_log, since, self.probes(), mark=mark)

    def log_mark(self) -> Mark | None:
        """Return the current end of the access log; None while there is no log."""
        return mark_of(self.paths.access_log)

    def logged(self, end: Mark | None, start: Mark | None, most: int) -> list[Request]:
        """Return the requests between two marks, read from at most the last `most` bytes."""
        return before(self.paths.access_log, end, start, most, self.probes())

    def slot(self, slot: str, within: float | None = None) -> Container | None:
        """Return the container in a slot; raises UsageError if another state directory owns it.

        Two checkouts of one project give their slots the same names; neither may take the other's. `within`:
        time limit of the engine in seconds; raises EngineError.
        """
        return self._own(slot, self.engine if within is None else self.engine.within(within))

    def _own(self, slot: str, engine: Engine) -> Container | None:
        container = engine.container(slot_container(self.project, slot))
        owner = container.labels.get(STATE, "") if container else ""
        if owner and owner != str(self.project.state_dir) and Path(owner).is_dir():
            raise UsageError(
                f"{slot_container(self.project, slot)} belongs to the checkout whose state is in {owner}",
                f"RELCTL_STATE_DIR={owner} relctl …, or give this one an environment of another name (--env)",
            )
        return container

    def slots(self, within: float | None = None) -> dict[str, Container | None]:
        """Return the containers of both slots; `within` as for `slot`."""
        engine = self.engine if within is None else self.engine.within(within)
        return {slot: self._own(slot, engine) for slot in SLOTS}

    def remembered_slots(self) -> dict[str, Container | None]:
        """Return what was started in both slots, without the engine; only its answers show if it runs."""
        return {slot: self.records.read(slot) for slot in SLOTS}


def _refresh_index(say: Say, evidence: Path) -> None:
    from relctl.report.page import refresh  # a warm rollback changes no evidence

    refresh(evidence, say)


def paths_of(project: Project) -> Paths:
    """Return the state paths of this project's environment."""
    return Paths(project.state_dir, project.versions.service, project.name)
