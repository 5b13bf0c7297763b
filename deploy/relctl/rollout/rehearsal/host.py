"""The host of a rehearsal: use cases run on it as they are, and what they reach is the plan."""

from dataclasses import replace

from relctl.config.versions import Contract
from relctl.engine.protocol import Container
from relctl.engine.slots import slot_container
from relctl.probe.identity import Identity
from relctl.probe.service import Service
from relctl.proxy.route import main_slot
from relctl.rollout.host import Host
from relctl.rollout.observation.figures import Figures
from relctl.rollout.observation.watch import Watch, Watched
from relctl.rollout.rehearsal.doors import (
    RehearsedEvidence,
    RehearsedLedger,
    RehearsedProxy,
    RehearsedService,
)
from relctl.rollout.rehearsal.engine import RehearsedEngine
from relctl.state.lock import Hold, only_looking
from relctl.state.steps import Steps
from relctl.state.turn import Turn


def rehearse(host: Host, look: Hold = only_looking) -> Host:
    """Return the same host with doors that change nothing; `look` finds out whether its locks are taken.

    What it would say on the way would not be true, so it says nothing; and nobody is told of anything.
    """
    engine, proxy = RehearsedEngine(host.engine), RehearsedProxy(host.project, host.paths)

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
        watch=lambda _log, what, _policy, _say: _accepted(what),
        steps=Steps(),
        turn=Turn(look),
    )


def _accepted(what: Watch) -> Watched:
    """What traffic would have to show for the rest to happen."""
    return Watched("healthy", True, Figures(requests=0, failed=0), None, (), what.seconds)


def _behind_the_proxy(
    host: Host, engine: RehearsedEngine, proxy: RehearsedProxy, address: str
) -> Container | None:
    """Who would answer through Nginx (most requests of a canary), None while that is as it really is."""
    touched = proxy.pointer.moved or proxy.applied != "none" or engine.changed
    if address != host.project.environment.proxy.listen or not touched:
        return None
    slot = main_slot(proxy.pointer.read())
    return engine.container(slot_container(host.project, slot)) if slot else None
