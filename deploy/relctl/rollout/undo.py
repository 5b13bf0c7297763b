"""Undo a move: the traffic first, then the slot, and only when nobody needs its release.

Shared by the process whose move failed, by reconcile, and by a rollback that aborts the move.
"""

from relctl.engine.labels import TAG
from relctl.engine.protocol import Container
from relctl.engine.slots import slot_container
from relctl.errors import (
    EngineError,
    NeedsPersonError,
    ProxyError,
    RelctlError,
    RolledBackError,
    way_out,
    words_of,
)
from relctl.proxy.pointer import NOWHERE, main_slot, newcomer
from relctl.rollout.host import Host
from relctl.rollout.move import Switch
from relctl.rollout.prove import empty, is_warm, start_release, wait_for
from relctl.rollout.renamed_slots import find_by_label, require_slot_names
from relctl.rollout.snapshot import Snapshot, compare
from relctl.state.history import Kind
from relctl.state.signals import held_back

_ASKED = 3  # times: one failed-over request does not mean that a release is down
_LOOK = "relctl status, then the logs of both slots' containers"
_VERB: dict[Kind, str] = {"promote": "promoted", "rollback": "rolled back to"}


def undo(host: Host, switch: Switch, error: BaseException) -> None:
    """Undo what was done; raises RolledBackError for an error in words, and returns for any other.

    Raises NeedsPersonError when the previous release cannot take the traffic back, or does not answer with
    it. Does nothing if a signal ended the wait for the lock: the next command reconciles.
    """
    if host.turn.held:
        with held_back():
            _undo(host, switch, error)


def _undo(host: Host, switch: Switch, error: BaseException) -> None:
    reason, step = words_of(error) or type(error).__name__, host.steps.last
    now = f"{switch.previous_tag} is live" if switch.previous_tag else "nothing is live"
    try:
        settled = _restore_all(host, switch, reason)
    except OSError as failed:
        _insist_on_traffic(host, switch, reason, failed)
        host.say(f"traffic is as before; the rest is not undone: {words_of(failed)}")
        settled = False
    if settled:
        host.say(f"undone; traffic is as before: {now}")
        _note(host, switch, reason, step)
    else:
        now = f"{now}; the next command puts {switch.to_slot} in order"
    if isinstance(error, RelctlError | OSError):
        raise RolledBackError(
            f"{switch.tag} was not {_VERB[switch.kind]}: {reason}\ntraffic is as before: {now}",
            way_out(error) or "relctl history says what was done",
        ) from error


def _restore_all(host: Host, switch: Switch, reason: str) -> bool:
    """Return the traffic, then the slot; returns False if the engine cannot be reached any more.

    Traffic returns even then: the slot's release stays and can act as failover. The move stays unfinished,
    for the next command to reconcile. An engine that hangs must not delay users, so the previous release is
    probed first.
    """
    source = host.records.read(switch.from_slot) if switch.from_slot else None
    if source is not None and host.service(source).is_ready():
        point_back(host, switch)
        if switch.warm:
            return True  # nothing else changed, so no engine is needed
    try:
        return_traffic(host, compare(host, host.ledger.salvage()), switch, reason)
        if not switch.warm and not _untouched(host, switch):
            restore_slot(host, switch, reason)
    except EngineError as error:
        point_back(host, switch)
        host.say(
            f"traffic is as before; {switch.to_slot} stays as it is for the next command to settle: {error}"
        )
        return False
    return True


def return_traffic(host: Host, snapshot: Snapshot, switch: Switch, why: str) -> None:
    """Point at the previous release, starting it if it is down and the other one answers.

    Of a warm move only the traffic is undone: a release that answers for a dead one goes on doing so. Raises
    NeedsPersonError, without moving traffic, if the previous release cannot serve.
    """
    gives_slot_up = not switch.warm and _is_down(snapshot, switch) and stands_in(host, switch)
    if switch.from_slot and (switch.to_slot in _sent_to(host) or gives_slot_up):
        ensure_previous_runs(host, snapshot, switch, why)
    point_back(host, switch)


def point_back(host: Host, switch: Switch) -> float:
    """Point at the source if the pointer is lost or sends anything to the move's slot.

    Nothing else may be undone before that. Returns the milliseconds of the pointer move, 0 without one.
    """
    route, before = host.proxy.pointer.read(), switch.from_slot or NOWHERE
    if route == before or not {switch.to_slot, ""} & _sent_to(host):
        return 0.0
    return host.proxy.pointer.move(before)


def _sent_to(host: Host) -> set[str]:
    """Return the slots to which the pointer sends requests, "" for a lost pointer."""
    route = host.proxy.pointer.read()
    return {newcomer(route), main_slot(route)}


def _is_down(snapshot: Snapshot, switch: Switch) -> bool:
    container = snapshot.container(switch.from_slot)
    return container is None or not container.running


def ensure_previous_runs(host: Host, snapshot: Snapshot, switch: Switch, why: str) -> Container:
    """Return the previous release, running; `why`: why the new release may not keep the traffic.

    A running release is never restarted. Its readiness is checked only where it alone would serve, with the
    time limit of a start. Raises NeedsPersonError, without moving traffic, if it cannot serve.
    """
    container = snapshot.container(switch.from_slot) or find_by_label(host, switch.from_slot)
    image_id = _image_id(snapshot, container)
    try:
        if container is None or not container.running or container.image_id != image_id:
            return _start_again(host, switch, image_id)
        if snapshot.pointer == switch.to_slot:
            wait_for(host, container)
    except RelctlError as error:
        raise NeedsPersonError(
            f"{switch.tag} has traffic and may not keep it ({why}),"
            f" and the release in {switch.from_slot} cannot take over: {error}",
            error.hint
            if isinstance(error, NeedsPersonError)
            else f"{_LOOK}{_to_keep(switch)}; the traffic was not moved",
        ) from error
    return container


def _image_id(snapshot: Snapshot, container: Container | None) -> str:
    """Return the previous image by the ledger, or by the slot if the ledger is damaged; "" if unknown."""
    meant = snapshot.last_settled
    if meant is None or snapshot.damage:
        return container.image_id if container else ""
    return meant.image_id


def _start_again(host: Host, switch: Switch, image_id: str) -> Container:
    if not image_id:
        raise RelctlError("its container is gone, and the ledger is unreadable, so the release is unknown")
    require_slot_names(host)
    host.say(f"the previous release is down: restarting it in {switch.from_slot}")
    host.steps.reach_for_good(
        "heal",
        f"restart the previous release, which is down, in {switch.from_slot}",
        "it is about to take the traffic back",
    )
    return restart_release(host, switch.from_slot, image_id)


def _to_keep(switch: Switch) -> str:
    return f"; or relctl promote {switch.tag}, to keep it" if switch.kind == "promote" else ""


def stands_in(host: Host, switch: Switch) -> bool:
    """Return whether the move's release answers through Nginx; False if both slots have one tag."""
    from relctl.rollout.failover import ask  # here, as a normal rollback must not pay for it

    source = host.slot(switch.from_slot) if switch.from_slot else None
    if not switch.from_slot or (source and source.labels.get(TAG) == switch.tag):
        return False
    container = host.slot(switch.to_slot)
    ready = is_warm(host, container, switch.image_id)
    return ready and all(ask(host, source, container).tag == switch.tag for _ in range(_ASKED))


def restore_slot(host: Host, switch: Switch, why: str) -> None:
    """Restore the previous standby once the traffic is back; a warm move has changed no slot.

    Raises NeedsPersonError, leaving the slot, while its release answers for the one that has the traffic.
    Raises EngineError when the engine is unreachable.
    """
    if switch.warm:
        return
    if stands_in(host, switch):
        source = host.slot(switch.from_slot) or find_by_label(host, switch.from_slot)
        before = source.labels.get(TAG, "") if source else f"what was in {switch.from_slot}"
        name = source.name if source else slot_container(host.project, switch.from_slot)
        raise NeedsPersonError(
            f"{before} has the traffic ({why}) and does not answer: {switch.tag} answers for it, and stays in"
            f" {switch.to_slot}",
            f"docker restart {name}, then relctl promote {before}{_to_keep(switch)}",
        )
    restore_standby(host, switch.to_slot, switch.replaced_image_id)


def _untouched(host: Host, switch: Switch) -> bool:
    container = host.slot(switch.to_slot)
    if container is None:
        return not switch.replaced_image_id
    return container.running and container.image_id == switch.replaced_image_id != switch.image_id


def restore_standby(host: Host, slot: str, image_id: str) -> None:
    """Restore the standby of an undone move, or empty the slot; may fail, as live serves without it.

    The release is started again even if it seems to run: the engine may be stopping it for a killed process.
    """
    try:
        restore(host, slot, image_id)
    except ProxyError as error:
        host.say(f"the standby is back in {slot}, but Nginx does not know its port yet: {error}")
    except RelctlError as error:
        host.say(f"the standby cannot be restarted, {slot} stays empty: {error}")
        find_by_label(host, slot)  # report a renamed container: it still has the address
        empty(host, slot)


def restore(host: Host, slot: str, image_id: str) -> None:
    """Start an image in a slot again, or empty the slot for ""; raises RelctlError when it does not run."""
    if image_id:
        restart_release(host, slot, image_id)
    else:
        empty(host, slot)


def restart_release(host: Host, slot: str, image_id: str) -> Container:
    """Start an image in a slot, ready and warm; raises RelctlError when it is gone or does not run."""
    image = host.engine.image(image_id)
    if image is None:
        raise RelctlError(f"image {image_id[:19]} is gone from the engine", "relctl build makes it again")
    return start_release(host, slot, image)


def _insist_on_traffic(host: Host, switch: Switch, reason: str, failed: OSError) -> None:
    """Raise NeedsPersonError if the pointer still leads to the move's slot."""
    if switch.to_slot in _sent_to(host) and switch.to_slot != switch.from_slot:
        raise NeedsPersonError(
            f"{switch.tag} took traffic, then: {reason}; and the pointer cannot be moved back:"
            f" {words_of(failed)}",
            "fix that, then relctl rollback",
        ) from failed


def _note(host: Host, switch: Switch, reason: str, step: str) -> None:
    try:
        host.ledger.append(switch.event("aborted", reason=reason, step=step))
    except OSError as unwritten:  # the next command reconciles the unfinished move
        host.say(f"that could not be recorded: {words_of(unwritten)}")
