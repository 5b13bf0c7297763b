"""Putting pointer, slots and ledger in order before anything is changed: what a crash or a hand left."""

from dataclasses import dataclass

from relctl.errors import NeedsPersonError, RelctlError
from relctl.rollout.host import Host
from relctl.rollout.moving.bring_up import bring_up
from relctl.rollout.moving.interrupted import is_watched, refusal, unfinished
from relctl.rollout.moving.move import Move
from relctl.rollout.moving.prove import prove, prove_through_proxy
from relctl.rollout.moving.repair import repair_pointer
from relctl.rollout.moving.source import wait_for
from relctl.rollout.moving.undo import give_slot_back, give_traffic_back, stands_in
from relctl.rollout.observation.after_switch import with_baseline
from relctl.rollout.observation.window import Window
from relctl.rollout.situation import DONE, Situation, look


@dataclass(frozen=True)
class Reconciled:
    """How it stands now, and the interrupted move that was finished on the way, if there was one."""

    situation: Situation
    finished: Move | None = None


def reconcile(host: Host, wanted: str = "") -> Reconciled:
    """Finish or undo what was interrupted, bring back a lost pointer, and return how it stands then.

    Only for who knows that no living process is at it: whoever watches a release holds no lock meanwhile.
    `wanted`: the image that is about to be promoted; if it is the only one that answers, it is not undone.
    """
    return reconcile_from(host, look(host), wanted)


def reconcile_from(host: Host, situation: Situation, wanted: str = "") -> Reconciled:
    """Do the same for who has looked already."""
    finished = None
    if situation.torn:
        host.say(f"the ledger's last line was cut short and is set aside: {situation.torn[:80]}")
    operation = unfinished(situation.events)
    if operation is not None:
        finished = _settle(host, situation, Move.of(operation), wanted)
        situation = look(host)
    repaired = repair_pointer(host, situation)
    return Reconciled(look(host) if repaired else situation, finished)


def _settle(host: Host, situation: Situation, move: Move, wanted: str) -> Move | None:
    """Finish an interrupted move if the pointer has moved and the release proves itself; else undo it."""
    why = "it was interrupted"
    if situation.pointer == move.slot:
        why = refusal(situation.events) or _why_not(host, situation, move)
        if not why:
            return _finish(host, situation, move)
        host.say(f"{move.tag} took traffic and may not keep it: {why}")
    host.steps.reach_for_good(
        "undo", f"undo the interrupted {move.kind} of {move.tag}", "it is the undo, and may be done again"
    )
    try:
        give_traffic_back(host, situation, move, why)
        give_slot_back(host, move, why)
    except NeedsPersonError:
        if move.image_id != wanted or not stands_in(host, move):
            raise
        return _keep(host, situation, move)
    host.ledger.note(move.event("aborted", reason="undone after an interruption"))
    host.say(f"the interrupted {move.kind} of {move.tag} is undone")
    return None


def _keep(host: Host, situation: Situation, move: Move) -> Move:
    """The release before is beyond help, and a person asks for the one that answers already."""
    host.steps.reach_for_good(
        "keep", f"point at {move.slot}: {move.tag} answers already, and is asked for", "nobody else answers"
    )
    host.proxy.pointer.move(move.slot)
    return _finish(host, situation, move)


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
