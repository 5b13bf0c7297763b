"""Reconcile pointer, slots and ledger after a crash or manual changes, before anything else changes."""

from dataclasses import dataclass
from typing import Literal

from relctl.engine.labels import SLOT, TAG
from relctl.engine.protocol import Container
from relctl.errors import NeedsPersonError, RelctlError
from relctl.observation.window import taken_over
from relctl.rollout.ensure_proxy import ensure_proxy
from relctl.rollout.host import Host
from relctl.rollout.move import Switch, reach
from relctl.rollout.prove import is_warm, prove, prove_through_proxy, remember, wait_for
from relctl.rollout.renamed_slots import require_slot_names
from relctl.rollout.snapshot import Snapshot, snapshot_again, take_snapshot
from relctl.rollout.undo import point_back, restore, restore_slot, return_traffic, stands_in
from relctl.state.event import Event
from relctl.state.history import DONE, Deployment

Repair = Literal["nothing", "restore pointer", "adopt pointer"]


@dataclass(frozen=True)
class Reconciled:
    """The snapshot now, and the interrupted move that was finished, if any."""

    snapshot: Snapshot
    finished: Switch | None = None


def reconcile(host: Host, wanted: str) -> Snapshot:
    """Put everything in order before a promote, live's container too; returns the snapshot afterwards.

    `wanted`: the image about to be promoted; it is not undone if it alone answers.
    """
    snapshot = reconcile_from(host, take_snapshot(host), wanted).snapshot
    require_slot_names(host)
    return heal_live(host, snapshot)


def reconcile_from(host: Host, snapshot: Snapshot, wanted: str = "") -> Reconciled:
    """Finish or undo an interrupted switch and restore a lost pointer.

    The caller must know that no living process is at work: an observer holds no lock meanwhile.
    """
    finished = None
    _remember(host, snapshot)
    if snapshot.torn:
        host.say(f"the ledger's last line was cut short and is set aside: {snapshot.torn[:80]}")
    host.ledger.tell(host.say, snapshot.broken)
    running = snapshot.history.unfinished
    if running is not None:
        finished = _settle(host, snapshot, running, wanted)
        snapshot = snapshot_again(host, snapshot)
    repaired = repair_pointer(host, snapshot)
    return Reconciled(snapshot_again(host, snapshot) if repaired else snapshot, finished)


def _remember(host: Host, snapshot: Snapshot) -> None:
    """Record running containers that an older version started without recording."""
    for slot, container in snapshot.slots.items():
        if container is None or snapshot.blind or container.labels.get(SLOT) != slot:
            continue  # empty, not queried, or put there manually
        if container.running:
            remember(host, slot, container)


def _settle(host: Host, snapshot: Snapshot, running: Deployment, wanted: str) -> Switch | None:
    """Finish an interrupted move if the pointer has moved and the release proves itself; else undo it."""
    switch, why = Switch.of(running), "it was interrupted"
    if snapshot.pointer == switch.to_slot:
        why = running.refusal or _why_not(host, snapshot, switch)
        if not why:
            return _finish(host, running, switch)
        host.say(f"{switch.tag} took traffic and may not keep it: {why}")
    reach(host, switch, "undo")
    if snapshot.blind:
        point_back(host, switch)
        host.say(f"{switch.to_slot} stays as it is for the next command to settle")
        return None
    try:
        return_traffic(host, snapshot, switch, why)
        restore_slot(host, switch, why)
    except NeedsPersonError:
        if switch.image_id != wanted or not stands_in(host, switch):
            raise
        return _keep(host, running, switch)
    host.ledger.note(switch.event("aborted", reason="undone after an interruption"))
    host.say(f"the interrupted {switch.kind} of {switch.tag} is undone")
    return None


def _why_not(host: Host, snapshot: Snapshot, switch: Switch) -> str:
    """Return why a release that has the traffic cannot keep it, "" when it can."""
    container = snapshot.container(switch.to_slot)
    if container is None or not container.running or container.image_id != switch.image_id:
        return "its container is gone"
    try:
        if not switch.warm:  # a warm release has no start to wait for
            wait_for(host, container)
        prove(host, container)
        if not host.proxy.is_up():
            ensure_proxy(host, snapshot)
        prove_through_proxy(host, container)
    except RelctlError as error:
        return str(error)
    return ""


def _keep(host: Host, running: Deployment, switch: Switch) -> Switch:
    """Keep a release that alone answers and is being promoted: the previous one cannot be restored."""
    reach(host, switch, "keep")
    host.proxy.pointer.move(switch.to_slot)
    return _finish(host, running, switch)


def _finish(host: Host, running: Deployment, switch: Switch) -> Switch:
    """Record the move as done; an observation not yet begun stays open."""
    reach(host, switch, "finish")
    if switch.observe and not running.is_observed:
        from relctl.rollout.watching import with_baseline  # imported here: seldom needed

        since = host.paths.pointer.lstat().st_mtime  # a link's mtime is the time of its move
        window = switch.window(since, taken_over(running.pointed))
        host.ledger.append(with_baseline(host, window).opened())
        host.say(f"{switch.tag} was not observed yet: relctl observe does that")
    host.ledger.note(switch.event(DONE[switch.kind], reason="finished after an interruption"))
    host.say(f"the interrupted {switch.kind} of {switch.tag} is finished")
    return switch


def repair_pointer(host: Host, snapshot: Snapshot) -> bool:
    """Restore a lost pointer, or adopt one that was moved manually; returns whether it did either."""
    meant, container = snapshot.last_settled, snapshot.container(snapshot.live)
    match decide(snapshot):
        case "restore pointer" if meant is not None:
            _restore(host, meant)
        case "adopt pointer" if meant is not None and container is not None:
            _adopt(host, snapshot, meant, container)
        case _:
            return False
    return True


def decide(snapshot: Snapshot) -> Repair:
    """Decide what to do about a pointer that is not where the ledger says."""
    meant = snapshot.last_settled
    if meant is None or snapshot.pointer == meant.slot:
        return "nothing"
    container = snapshot.container(snapshot.pointer)  # None for a canary: nobody observes it
    return "adopt pointer" if container is not None and container.running else "restore pointer"


def _restore(host: Host, meant: Event) -> None:
    host.steps.reach_for_good(
        "repair", f"bring the lost pointer back to {meant.tag} in {meant.slot}", "it is what the ledger says"
    )
    host.proxy.pointer.move(meant.slot)
    _record_repair(host, meant, "the pointer was missing, in a canary, or led to no running release")
    host.say(f"the pointer was lost: it leads to {meant.tag} in {meant.slot} again")


def _adopt(host: Host, snapshot: Snapshot, meant: Event, container: Container) -> None:
    adopted = Event(
        "repaired",
        tag=container.labels.get(TAG, ""),
        image_id=container.image_id,
        slot=snapshot.live,
        source=meant.slot,
        reason=_why_elsewhere(snapshot, meant),
    )
    host.steps.reach_for_good(
        "repair", f"take the pointer as it is: {adopted.tag} is live", "it is where the traffic goes already"
    )
    host.ledger.note(adopted)
    host.say(f"{adopted.reason}: {adopted.tag} in {adopted.slot} is live")


def _why_elsewhere(snapshot: Snapshot, meant: Event) -> str:
    """Explain a displaced pointer; if the ledger is damaged, a lost line may have recorded the switch."""
    if snapshot.damage:
        return f"the readable part of the ledger says {meant.slot}, the pointer {snapshot.live}"
    return f"the pointer was moved by hand from {meant.slot}"


def heal_live(host: Host, snapshot: Snapshot) -> Snapshot:
    """Restart live's container: while it is down the standby may answer, and must not be replaced.

    Raises NeedsPersonError if it does not start and there is a standby to protect.
    """
    container, meant = snapshot.container(snapshot.live), snapshot.last_settled
    if not snapshot.live or meant is None or (container is not None and container.running):
        return snapshot
    host.say(f"live's container is down: restarting {meant.tag} in {snapshot.live}")
    host.steps.reach_for_good(
        "heal",
        f"start {meant.tag}, which is live and down, in {snapshot.live} again",
        "what is live has to run, whatever comes after",
    )
    try:
        restore(host, snapshot.live, meant.image_id)
    except RelctlError as error:
        standby = snapshot.container(snapshot.idle)
        words = f"live ({meant.tag} in {snapshot.live}) is down"
        if standby is not None and is_warm(host, standby, standby.image_id):
            raise NeedsPersonError(
                f"{words} and cannot be restarted: {error}",
                "relctl rollback gives the traffic to the standby; then promote",
            ) from error
        host.say(f"{words} and cannot be restarted, and no standby can fail over: {error}")
        return take_snapshot(host)
    _record_repair(host, meant, "live was down")
    return take_snapshot(host)


def _record_repair(host: Host, meant: Event, reason: str) -> None:
    repaired = Event("repaired", tag=meant.tag, image_id=meant.image_id, slot=meant.slot, reason=reason)
    host.ledger.note(repaired)
