"""Report every contradiction between pointer, slots, ledger and Nginx, in sentences."""

from relctl.engine.protocol import Container
from relctl.engine.slots import SLOTS, other, slot_container
from relctl.errors import UsageError
from relctl.observation.window import open_window
from relctl.proxy.pointer import newcomer
from relctl.proxy.proxy import ProxyState
from relctl.rollout.failover import Answering
from relctl.rollout.host import Host
from relctl.rollout.snapshot import Snapshot
from relctl.state.event import Event

CHANGED_BY_HAND = 'compare it with a backup; if it is right, relctl history --accept "why"'


def drift(snapshot: Snapshot, names: dict[str, str], *, watched: bool = False) -> list[str]:
    """Report where pointer, slots and ledger contradict each other; a pure comparison.

    `watched`: a living process observes the unfinished promote, so that alone is no drift.
    """
    found = [f"{each.message}: {each.hint}" for each in (*snapshot.damage, *_spoilt_window(snapshot))]
    if snapshot.broken:
        found.append(f"{snapshot.broken}: {CHANGED_BY_HAND}")
    if snapshot.torn:
        found.append("the ledger's last line was cut short by a crash")
    running = snapshot.history.unfinished
    if running is not None and watched:
        return [*found, *_of_watched(snapshot, names, running.begun)]
    if running is not None:
        begun = f"{running.begun.event} {running.begun.tag}"
        return [*found, f"an interrupted {begun}: the next promote or rollback settles it"]
    meant = snapshot.last_settled
    if meant is None:
        live = snapshot.live
        return [*found, f"the pointer leads to {live}; the ledger does not say why"] if live else found
    if snapshot.pointer != meant.slot:
        says = f"the ledger says {meant.slot} ({meant.tag})"
        why = f": {snapshot.astray}" if snapshot.astray else ""
        found.append(f"the pointer leads to {snapshot.pointer or 'nothing'}; {says}{why}")
    found += _in_slot(snapshot, names, meant)
    standby = snapshot.container(other(meant.slot))
    if standby is not None and not standby.running:
        found.append(f"the standby {names[other(meant.slot)]} {_halted(standby)}")
    return found


def _halted(container: Container | None) -> str:
    if container is None:
        return "does not exist"
    return f"is paused: docker unpause {container.name}" if container.paused else "is stopped"


def _spoilt_window(snapshot: Snapshot) -> list[UsageError]:
    try:
        open_window(snapshot.history)
    except UsageError as error:
        return [error]
    return []


def _of_watched(snapshot: Snapshot, names: dict[str, str], move: Event) -> list[str]:
    """Check an observed promote: it has traffic, and the previous release must be able to serve."""
    meant, leads = snapshot.last_settled, snapshot.pointer or "nothing"
    lost = [f"{move.tag} is watched, and the pointer leads to {leads}"]
    before = _in_slot(snapshot, names, meant) if meant else []
    found = [] if newcomer(snapshot.pointer) == move.slot else lost
    return [*found, *before, *_in_slot(snapshot, names, move)]


def _in_slot(snapshot: Snapshot, names: dict[str, str], event: Event) -> list[str]:
    """Report a slot that does not run the release of an event."""
    container, name = snapshot.container(event.slot), names[event.slot]
    if container is None and snapshot.blind:
        return []  # unknown whether it exists
    if container is None or not container.running:
        return [f"{name} should run {event.tag} and {_halted(container)}"]
    if container.image_id != event.image_id:
        return [f"{name} runs image {container.image_id[:19]}, the ledger says {event.image_id[:19]}"]
    return []


def slot_names(host: Host) -> dict[str, str]:
    """Return the container name of every slot."""
    return {slot: slot_container(host.project, slot) for slot in SLOTS}


def proxy_drift(snapshot: Snapshot, proxy: ProxyState, answering: Answering) -> list[str]:
    """Report where Nginx contradicts the ledger; `answering` is the release that answers through it."""
    if snapshot.last_settled is None:
        return []
    if not proxy.running:
        return ["Nginx does not run: relctl proxy up"]
    return _configuration(proxy) + _through_proxy(snapshot, answering)


def _configuration(proxy: ProxyState) -> list[str]:
    if proxy.problem:
        return [f"Nginx's configuration cannot be made from the templates: {proxy.problem}"]
    return [] if proxy.current else ["Nginx's configuration is not what the templates say: relctl proxy up"]


def _through_proxy(snapshot: Snapshot, answering: Answering) -> list[str]:
    if answering.problem:
        return [f"users get no answer: {answering.problem}"]
    may = {snapshot.live_tag, snapshot.tag(newcomer(snapshot.pointer))}  # in a canary either may answer
    if answering.tag in may:
        return []
    return [f"{answering.url} is answered by {answering.tag}, live is {snapshot.live_tag}"]
