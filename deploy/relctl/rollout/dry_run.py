"""Rehearse a command: the same code on a host whose doors read, remember and change nothing."""

from dataclasses import replace

from relctl.config.versions import Contract
from relctl.engine.protocol import Container
from relctl.engine.slots import SlotRecords, slot_container
from relctl.errors import EngineError
from relctl.observation.figures import Figures
from relctl.observation.watch import Watch, Watched
from relctl.probe.service import Identity, Service, ServiceDoor
from relctl.proxy.pointer import main_slot
from relctl.rollout.host import Host
from relctl.rollout.rehearsed_doors import (
    RehearsedEngine,
    RehearsedEvidence,
    RehearsedLedger,
    RehearsedProxy,
    RehearsedService,
    RehearsedSlotRecords,
)
from relctl.rollout.snapshot import BRIEFLY
from relctl.state.ledger import Ledger
from relctl.state.lock import Hold, ReleasableLock, only_looking
from relctl.state.steps import Steps


def rehearse(host: Host, look: Hold = only_looking) -> Host:
    """Return the same host with doors that change nothing; `look` checks whether its locks are taken.

    Progress would be untrue, so none is reported; no notifications are sent.
    """
    records = RehearsedSlotRecords(SlotRecords(host.paths.slots))
    proxy = RehearsedProxy(host.project, host.paths, records)
    engine = RehearsedEngine(host.engine)

    def ask(address: str, contract: Contract) -> ServiceDoor:
        answers = engine.starts(address) or _behind_the_proxy(host, engine, proxy, address)
        if answers is None:
            return Service(address, contract)
        return RehearsedService(f"http://{address}", contract, Identity.of_labels(answers.labels))

    return replace(
        host,
        engine=engine,
        proxy=proxy,
        ledger=RehearsedLedger(Ledger(host.paths.ledger)),
        evidence=RehearsedEvidence(host.evidence),
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
    touched = proxy.pointer.moved or proxy.is_touched or engine.changed
    if address != proxy.address or not touched:
        return None
    slot = main_slot(proxy.pointer.read())
    if not slot:
        return None
    try:
        return engine.within(BRIEFLY).container(slot_container(host.project, slot))
    except EngineError:  # going back needs none, and neither does its plan
        return host.records.read(slot)
