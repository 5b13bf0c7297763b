"""Reconcile pointer, slots and ledger after a crash or manual changes, before anything else changes."""

from dataclasses import dataclass

from relctl.engine.labels import SLOT
from relctl.errors import NeedsPersonError, RelctlError
from relctl.rollout.host import Host
from relctl.rollout.moving.bring_up import bring_up
from relctl.rollout.moving.interrupted import is_watched, refusal, under_way, unfinished
from relctl.rollout.moving.move import Move
from relctl.rollout.moving.prove import prove, prove_through_proxy
from relctl.rollout.moving.repair import repair_pointer
from relctl.rollout.moving.slot import remember
from relctl.rollout.moving.source import wait_for
from relctl.rollout.moving.undo import give_slot_back, give_traffic_back, put_traffic_back, stands_in
from relctl.rollout.observation.window import Window, taken_over
from relctl.rollout.situation import DONE, Situation, look, look_again


@dataclass(frozen=True)
class Reconciled:
    """The situation now, and the interrupted move that was finished, if any."""

    situation: Situation
    finished: Move | None = None


def reconcile(host: Host, wanted: str = "") -> Reconciled:
    """Finish or undo an interrupted move and restore a lost pointer; returns the situation afterwards.

    The caller must know that no living process is at work: an observer holds no lock meanwhile. `wanted`: the
    image about to be promoted; it is not undone if it alone answers.
    """
    return reconcile_from(host, look(host), wanted)


def reconcile_from(host: Host, situation: Situation, wanted: str = "") -> Reconciled:
    """Do the same from a situation already read."""
    finished = None
    _remember(host, situation)
    if situation.torn:
        host.say(f"the ledger's last line was cut short and is set aside: {situation.torn[:80]}")
    host.ledger.tell(host.say, situation.broken)
    operation = unfinished(situation.events)
    if operation is not None:
        finished = _settle(host, situation, Move.of(operation), wanted)
        situation = look_again(host, situation)
    repaired = repair_pointer(host, situation)
    return Reconciled(look_again(host, situation) if repaired else situation, finished)


def _remember(host: Host, situation: Situation) -> None:
    """Record running containers that an older version started without recording."""
    for slot, container in situation.slots.items():
        if container is None or situation.blind or container.labels.get(SLOT) != slot:
            continue  # empty, not queried, or put there manually
        if container.running:
            remember(host, slot, container)


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
    if situation.blind:
        put_traffic_back(host, move)
        host.say(f"{move.slot} stays as it is for the next command to settle")
        return None
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
    """Keep a release that alone answers and is being promoted: the previous one cannot be restored."""
    host.steps.reach_for_good(
        "keep", f"point at {move.slot}: {move.tag} answers already, and is asked for", "nobody else answers"
    )
    host.proxy.pointer.move(move.slot)
    return _finish(host, situation, move)


def _finish(host: Host, situation: Situation, move: Move) -> Move:
    """Record the move as done; an observation not yet begun stays open."""
    host.steps.reach_for_good(
        "finish",
        f"finish the interrupted {move.kind} of {move.tag}",
        "it has the traffic already; relctl rollback is the way back",
    )
    if move.observe and not is_watched(situation.events):
        from relctl.rollout.observation.after_switch import with_baseline  # imported here: seldom needed

        since = host.paths.pointer.lstat().st_mtime  # a link's mtime is the time of its move
        mark = taken_over(under_way(situation.events), move.slot)
        window = Window(move.tag, move.image_id, move.slot, move.source, since, move.observe, mark=mark)
        host.ledger.append(with_baseline(host, window).opened())
        host.say(f"{move.tag} was not observed yet: relctl observe does that")
    host.ledger.note(move.event(DONE[move.kind], reason="finished after an interruption"))
    host.say(f"the interrupted {move.kind} of {move.tag} is finished")
    return move


def _why_not(host: Host, situation: Situation, move: Move) -> str:
    """Return why a release that has the traffic cannot keep it, "" when it can."""
    container = situation.container(move.slot)
    if container is None or not container.running or container.image_id != move.image_id:
        return "its container is gone"
    try:
        if not move.warm:  # a warm release has no start to wait for
            wait_for(host, container)
        prove(host, container)
        if not host.proxy.is_up():
            bring_up(host, situation)
        prove_through_proxy(host, container)
    except RelctlError as error:
        return str(error)
    return ""
