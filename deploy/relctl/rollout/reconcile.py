"""Putting pointer, slots and ledger in order before anything is changed: what a crash or a hand left."""

from collections.abc import Sequence
from typing import Literal

from relctl.engine.slots import TAG
from relctl.errors import NeedsPersonError, RelctlError
from relctl.proxy.pointer import NOWHERE
from relctl.rollout.bring_up import bring_up
from relctl.rollout.host import Host
from relctl.rollout.move import BEGUN, DONE, restore_slot, restore_standby
from relctl.rollout.prove import prove, prove_through_proxy
from relctl.rollout.situation import SETTLED, Situation, look
from relctl.state.ledger import Event

Repair = Literal["nothing", "restore pointer", "adopt pointer"]
_ENDED = (*SETTLED, "aborted")


def reconcile(host: Host) -> Situation:
    """Finish or undo what was interrupted, bring back a lost pointer, and return how it stands then."""
    situation = look(host)
    if situation.torn:
        host.say(f"the ledger's last line was cut short and is set aside: {situation.torn[:80]}")
    operation = unfinished(situation.events)
    if operation is not None:
        _settle(host, situation, operation)
        return look(host)
    repair = decide(situation)
    if repair == "nothing":
        return situation
    _repair(host, situation, repair)
    return look(host)


def heal_live(host: Host, situation: Situation) -> Situation:
    """Bring live's container back: while it is down the standby may answer, and must not be replaced."""
    container, meant = situation.container(situation.live), situation.meant
    if not situation.live or meant is None or (container is not None and container.running):
        return situation
    host.say(f"live's container is down: starting {meant.tag} in {situation.live} again")
    try:
        restore_slot(host, situation.live, meant.image_id)
    except RelctlError as error:
        raise NeedsPersonError(
            f"live ({meant.tag} in {situation.live}) is down and does not come back: {error}",
            "relctl rollback gives the traffic to the standby; then promote",
        ) from error
    host.record(
        "repaired", tag=meant.tag, image_id=meant.image_id, slot=situation.live, reason="live was down"
    )
    return look(host)


def unfinished(events: Sequence[Event]) -> Event | None:
    """Return the `promoting` or `rolling-back` that nothing ended, None when all is ended."""
    for event in reversed(events):
        if event.event in _ENDED:
            return None
        if event.event in BEGUN.values():
            return event
    return None


def decide(situation: Situation) -> Repair:
    """Decide what to do about a pointer that is not where the ledger says."""
    meant = situation.meant
    if meant is None or situation.pointer == meant.slot:
        return "nothing"
    container = situation.container(situation.live)
    return "adopt pointer" if container is not None and container.running else "restore pointer"


def _settle(host: Host, situation: Situation, operation: Event) -> None:
    """Finish an interrupted move if the pointer has moved and the release proves itself; else undo it."""
    container = situation.container(operation.slot)
    moved = situation.pointer == operation.slot
    if moved and container is not None and container.image_id == operation.image_id:
        try:
            prove(host, container)
            if not host.proxy.is_up():
                bring_up(host, situation)
            prove_through_proxy(host, container)
        except RelctlError as error:
            host.say(f"{operation.tag} took traffic but does not prove itself: {error}")
        else:
            return _finish(host, operation)
    return _undo(host, situation, operation)


def _finish(host: Host, operation: Event) -> None:
    kind = next(kind for kind, begun in BEGUN.items() if begun == operation.event)
    _record(host, DONE[kind], operation, "finished after an interruption")
    host.say(f"an interrupted {kind} of {operation.tag} is finished")


def _undo(host: Host, situation: Situation, operation: Event) -> None:
    if situation.pointer == operation.slot:
        host.proxy.pointer.move(operation.source or NOWHERE)
    if not operation.details.get("warm"):  # the slot itself was changed, or was about to be
        restore_standby(host, operation.slot, operation.details.get("replaced", ""))
    _record(host, "aborted", operation, "undone after an interruption")
    host.say(f"an interrupted move to {operation.tag} is undone")


def _repair(host: Host, situation: Situation, repair: Repair) -> None:
    meant, container = situation.meant, situation.container(situation.live)
    if meant is not None and repair == "restore pointer":
        host.proxy.pointer.move(meant.slot)
        _record(host, "repaired", meant, "the pointer was missing or led to no running release")
        host.say(f"the pointer was lost: it leads to {meant.tag} in {meant.slot} again")
    elif meant is not None and container is not None:
        tag, slot = container.labels.get(TAG, ""), situation.live
        reason = f"the pointer was moved by hand from {meant.slot}"
        host.record(
            "repaired", tag=tag, image_id=container.image_id, slot=slot, source=meant.slot, reason=reason
        )
        host.say(f"the pointer was moved by hand: {tag} in {slot} is live")


def _record(host: Host, name: str, of: Event, reason: str) -> None:
    members = {key: getattr(of, key) for key in ("tag", "image_id", "slot", "source", "evidence")}
    host.record(name, **members, reason=reason)
