"""Status: live, standby, pointer and health, and every way in which they contradict each other."""

import time
from dataclasses import dataclass, field

from relctl.engine.protocol import Container
from relctl.engine.slots import SLOTS, other, slot_container
from relctl.errors import UsageError
from relctl.probe.service import Service, UnreachableError
from relctl.proxy.door import ProxyState
from relctl.proxy.recent_traffic import Traffic, recent_traffic
from relctl.proxy.route import newcomer
from relctl.rollout.host import Host
from relctl.rollout.move import DONE
from relctl.rollout.reconcile import unfinished
from relctl.rollout.renamed import renamed
from relctl.rollout.situation import Situation, compare
from relctl.rollout.window import open_window
from relctl.state.ledger import Event
from relctl.state.lock import at_work as at_work_now

_RECENT = 300.0  # seconds of traffic


@dataclass(frozen=True)
class SlotStatus:
    """What is in one slot; `health` is ready, not ready, paused, stopped or empty."""

    slot: str
    tag: str
    image_id: str
    health: str
    address: str


@dataclass(frozen=True)
class Observing:
    """An open window: since when it is watched (seconds since 1970), for how long, and what is left of it."""

    tag: str
    since: float
    seconds: float
    left_seconds: float


@dataclass(frozen=True)
class Status:
    """What `relctl status` tells; `drift` holds one sentence for every contradiction.

    `notices` holds what is as it was meant, and still not as it should be: a forced release, a gate off.

    `at_work` says who holds the lock, "" when nobody does. `switched` is the event that settled what is live.
    """

    service: str
    environment: str
    url: str
    pointer: str
    live: SlotStatus | None
    standby: SlotStatus | None
    proxy: str
    at_work: str
    switched: Event | None
    traffic: Traffic
    drift: list[str]
    notices: list[str]
    observing: Observing | None
    events: list[Event] = field(default_factory=list)


def status(host: Host, events: int = 5) -> Status:
    """Look at everything and change nothing."""
    at_work = at_work_now(host.paths.lock)
    situation = compare(host, host.ledger.salvage())  # whoever looks in need sees what can be seen
    live = _slot(host, situation, situation.live) if situation.live else None
    standby = _slot(host, situation, other(situation.live)) if situation.live else None
    proxy = host.proxy.state()
    contradictions = [
        *drift(situation, slot_names(host)),
        *(f"{each}: {each.way_out}" for each in renamed(host)),
        *_proxy_drift(host, situation, proxy),
    ]
    return Status(
        service=host.project.versions.service,
        environment=host.project.name,
        url=f"http://{proxy.listen}",
        pointer=situation.pointer,
        live=live,
        standby=standby if standby and standby.health != "empty" else None,
        proxy="running" if proxy.running else "stopped",
        at_work=at_work,
        switched=situation.meant,
        traffic=_traffic(host),
        drift=[] if at_work else contradictions,  # what is under way contradicts itself until it is done
        notices=notices(situation),
        observing=_observing(situation),
        events=list(situation.events[-events:]),
    )


def _traffic(host: Host) -> Traffic:
    contract = host.project.versions.contract
    return recent_traffic(host.paths.access_log, _RECENT, {contract.live, contract.ready, contract.info})


def notices(situation: Situation) -> list[str]:
    """Say what must not be forgotten about live: that it was forced, and which gates were off."""
    container = situation.container(situation.live)
    if container is None:
        return []
    taken = [event for event in situation.events if event.event == DONE["promote"]]
    last = next((event for event in reversed(taken) if event.image_id == container.image_id), None)
    if last is None:
        return []
    forced = last.details.get("forced", "")
    found = [f"{last.tag} was promoted by force, by {last.by}: {forced}"] if forced else []
    if other_reference := last.details.get("compared_with", ""):
        found.append(f"{last.tag} was compared with {other_reference}, which was not live then")
    off = last.details.get("off", {})
    return found + [f"gate {name} was off: {reason}" for name, reason in off.items()]


def _observing(situation: Situation) -> Observing | None:
    try:
        window = open_window(situation.events)
    except UsageError:  # told as drift
        return None
    if window is None:
        return None
    return Observing(window.tag, window.since, window.seconds, round(window.left(time.time()), 1))


def drift(situation: Situation, names: dict[str, str]) -> list[str]:
    """Name where pointer, slots and ledger contradict each other; a pure comparison."""
    found = [f"{each.message}: {each.hint}" for each in (*situation.damage, *_spoilt_window(situation))]
    if situation.torn:
        found.append("the ledger's last line was cut short by a crash")
    operation = unfinished(situation.events)
    if operation is not None:
        return [
            *found,
            f"an interrupted {operation.event} {operation.tag}: the next promote or rollback settles it",
        ]
    meant = situation.meant
    if meant is None:
        live = situation.live
        return [*found, f"the pointer leads to {live}; the ledger does not say why"] if live else found
    if situation.pointer != meant.slot:
        says = f"the ledger says {meant.slot} ({meant.tag})"
        why = f": {situation.astray}" if situation.astray else ""
        found.append(f"the pointer leads to {situation.pointer or 'nothing'}; {says}{why}")
    if meant.slot not in names:
        return [*found, f"the ledger speaks of a slot {meant.slot!r}, which there is not"]
    container = situation.container(meant.slot)
    name = names[meant.slot]
    if container is None or not container.running:
        found.append(f"{name} should run {meant.tag} and {_halted(container)}")
    elif container.image_id != meant.image_id:
        found.append(f"{name} runs image {container.image_id[:19]}, the ledger says {meant.image_id[:19]}")
    standby = situation.container(other(meant.slot))
    if standby is not None and not standby.running:
        found.append(f"the standby {names[other(meant.slot)]} {_halted(standby)}")
    return found


def _halted(container: Container | None) -> str:
    if container is None:
        return "does not exist"
    return f"is paused: docker unpause {container.name}" if container.paused else "is stopped"


def _spoilt_window(situation: Situation) -> list[UsageError]:
    try:
        open_window(situation.events)
    except UsageError as error:
        return [error]
    return []


def slot_names(host: Host) -> dict[str, str]:
    """Return the container name of every slot."""
    return {slot: slot_container(host.project, slot) for slot in SLOTS}


def _proxy_drift(host: Host, situation: Situation, proxy: ProxyState) -> list[str]:
    if situation.meant is None:
        return []
    if not proxy.running:
        return ["Nginx does not run: relctl proxy up"]
    return _configuration(proxy) + _through_proxy(host, situation)


def _configuration(proxy: ProxyState) -> list[str]:
    if proxy.problem:
        return [f"Nginx's configuration cannot be made from the templates: {proxy.problem}"]
    return [] if proxy.current else ["Nginx's configuration is not what the templates say: relctl proxy up"]


def _through_proxy(host: Host, situation: Situation) -> list[str]:
    """Ask through Nginx who answers: the only way to learn what users see."""
    url = f"http://{host.project.environment.proxy.listen}"
    try:
        tag = Service(host.project.environment.proxy.listen, host.project.versions.contract).info().get("tag")
    except UnreachableError as error:
        return [f"users get no answer: {error}"]
    may = {situation.live_tag, situation.tag(newcomer(situation.pointer))}  # in a canary either answers
    return [] if tag in may else [f"{url} is answered by {tag}, live is {situation.live_tag}"]


def _slot(host: Host, situation: Situation, slot: str) -> SlotStatus:
    container = situation.container(slot)
    if container is None:
        return SlotStatus(slot, "", "", "empty", "")
    return SlotStatus(
        slot, situation.tag(slot), container.image_id, _health(host, container), container.address
    )


def _health(host: Host, container: Container) -> str:
    if not container.running or not container.address:
        return "paused" if container.paused else "stopped"
    return "ready" if Service(container.address, host.project.versions.contract).is_ready() else "not ready"
