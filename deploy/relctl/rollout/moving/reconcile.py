"""Putting pointer, slots and ledger in order before anything is changed: what a crash or a hand left."""

from dataclasses import dataclass
from typing import Literal

from relctl.engine.slots import TAG
from relctl.errors import NeedsPersonError, RelctlError
from relctl.rollout.host import Host
from relctl.rollout.moving.bring_up import bring_up
from relctl.rollout.moving.interrupted import is_watched, refusal, unfinished
from relctl.rollout.moving.move import Move
from relctl.rollout.moving.prove import is_warm, prove, prove_through_proxy
from relctl.rollout.moving.source import insist_on_source, wait_for
from relctl.rollout.moving.undo import put_traffic_back, restore, restore_standby
from relctl.rollout.observation.after_switch import with_baseline
from relctl.rollout.observation.window import Window
from relctl.rollout.situation import DONE, Situation, look
from relctl.state.event import Event

Repair = Literal["nothing", "restore pointer", "adopt pointer"]


@dataclass(frozen=True)
class Reconciled:
    """How it stands now, and the interrupted move that was finished on the way, if there was one."""

    situation: Situation
    finished: Move | None = None


def reconcile(host: Host) -> Reconciled:
    """Finish or undo what was interrupted, bring back a lost pointer, and return how it stands then.

    Only for who knows that no living process is at it: whoever watches a release holds no lock meanwhile.
    """
    return reconcile_from(host, look(host))


def reconcile_from(host: Host, situation: Situation) -> Reconciled:
    """Do the same for who has looked already."""
    finished = None
    if situation.torn:
        host.say(f"the ledger's last line was cut short and is set aside: {situation.torn[:80]}")
    operation = unfinished(situation.events)
    if operation is not None:
        finished = _settle(host, situation, Move.of(operation))
        situation = look(host)
    repair = decide(situation)
    if repair == "nothing":
        return Reconciled(situation, finished)
    _repair(host, situation, repair)
    return Reconciled(look(host), finished)


def heal_live(host: Host, situation: Situation) -> Situation:
    """Bring live's container back: while it is down the standby may answer, and must not be replaced.

    Raises NeedsPersonError if it does not come back and there is a standby to protect.
    """
    container, meant = situation.container(situation.live), situation.meant
    if not situation.live or meant is None or (container is not None and container.running):
        return situation
    host.say(f"live's container is down: starting {meant.tag} in {situation.live} again")
    host.steps.reach_for_good(
        "heal",
        f"start {meant.tag}, which is live and down, in {situation.live} again",
        "what is live has to run, whatever comes after",
    )
    try:
        restore(host, situation.live, meant.image_id)
    except RelctlError as error:
        standby, words = (
            situation.container(situation.idle),
            f"live ({meant.tag} in {situation.live}) is down",
        )
        if standby is not None and is_warm(host, standby, standby.image_id):
            raise NeedsPersonError(
                f"{words} and does not come back: {error}",
                "relctl rollback gives the traffic to the standby; then promote",
            ) from error
        host.say(f"{words} and does not come back, nor does a standby stand in: {error}")
        return look(host)
    _record_repair(host, meant, "live was down")
    return look(host)


def decide(situation: Situation) -> Repair:
    """Decide what to do about a pointer that is not where the ledger says."""
    meant = situation.meant
    if meant is None or situation.pointer == meant.slot:
        return "nothing"
    container = situation.container(situation.pointer)  # none of a canary's: nobody watches that
    return "adopt pointer" if container is not None and container.running else "restore pointer"


def _settle(host: Host, situation: Situation, move: Move) -> Move | None:
    """Finish an interrupted move if the pointer has moved and the release proves itself; else undo it."""
    if situation.pointer == move.slot:
        reason = refusal(situation.events) or _why_not(host, situation, move)
        if not reason:
            return _finish(host, situation, move)
        host.say(f"{move.tag} took traffic and may not keep it: {reason}")
        if move.source:
            insist_on_source(host, situation, move, reason)
    host.steps.reach_for_good(
        "undo", f"undo the interrupted {move.kind} of {move.tag}", "it is the undo, and may be done again"
    )
    put_traffic_back(host, move.slot, move.source)
    if not move.warm:
        restore_standby(host, move.slot, move.replaced)
    host.ledger.note(move.event("aborted", reason="undone after an interruption"))
    host.say(f"the interrupted {move.kind} of {move.tag} is undone")
    return None


def _finish(host: Host, situation: Situation, move: Move) -> Move:
    """Write down that the move is done; what nobody has watched yet stays to be watched."""
    host.steps.reach_for_good(
        "finish",
        f"finish the interrupted {move.kind} of {move.tag}",
        "it has the traffic already; relctl rollback is the way back",
    )
    if move.observe and not is_watched(situation.events):
        since = host.paths.pointer.lstat().st_mtime  # a link is as old as its move
        window = Window(move.tag, move.image_id, move.slot, move.source, since, move.observe)
        host.ledger.append(with_baseline(host, window).opened())
        host.say(f"{move.tag} is not watched yet: relctl observe does")
    host.ledger.note(move.event(DONE[move.kind], reason="finished after an interruption"))
    host.say(f"the interrupted {move.kind} of {move.tag} is finished")
    return move


def _why_not(host: Host, situation: Situation, move: Move) -> str:
    """Return why the release of a move that has the traffic cannot keep it, "" when it can."""
    container = situation.container(move.slot)
    if container is None or not container.running or container.image_id != move.image_id:
        return "its container is gone"
    try:
        wait_for(host, container)
        prove(host, container)
        if not host.proxy.is_up():
            bring_up(host, situation)
        prove_through_proxy(host, container)
    except RelctlError as error:
        return str(error)
    return ""


def _repair(host: Host, situation: Situation, repair: Repair) -> None:
    meant, container = situation.meant, situation.container(situation.live)
    if meant is not None and repair == "restore pointer":
        host.steps.reach_for_good(
            "repair",
            f"bring the lost pointer back to {meant.tag} in {meant.slot}",
            "it is what the ledger says",
        )
        host.proxy.pointer.move(meant.slot)
        _record_repair(host, meant, "the pointer was missing, in a canary, or led to no running release")
        host.say(f"the pointer was lost: it leads to {meant.tag} in {meant.slot} again")
    elif meant is not None and container is not None:
        adopted = Event(
            "repaired",
            tag=container.labels.get(TAG, ""),
            image_id=container.image_id,
            slot=situation.live,
            source=meant.slot,
            reason=_why_elsewhere(situation, meant),
        )
        host.steps.reach_for_good(
            "repair",
            f"take the pointer as it is: {adopted.tag} is live",
            "it is where the traffic goes already",
        )
        host.ledger.note(adopted)
        host.say(f"{adopted.reason}: {adopted.tag} in {adopted.slot} is live")


def _why_elsewhere(situation: Situation, meant: Event) -> str:
    """Why the pointer is not where the ledger says; one that is damaged may have said it in a lost line."""
    if situation.damage:
        return f"what can be read of the ledger says {meant.slot}, the pointer {situation.live}"
    return f"the pointer was moved by hand from {meant.slot}"


def _record_repair(host: Host, meant: Event, reason: str) -> None:
    repaired = Event("repaired", tag=meant.tag, image_id=meant.image_id, slot=meant.slot, reason=reason)
    host.ledger.note(repaired)
