"""Undo a move: the traffic first, then the slot, and only when nobody needs its release.

Shared by the process whose move failed, by reconcile, and by a rollback that aborts the move.
"""

from relctl.engine.labels import TAG
from relctl.engine.slots import slot_container
from relctl.errors import NeedsPersonError
from relctl.proxy.pointer import NOWHERE
from relctl.proxy.route import main_slot, newcomer
from relctl.rollout.host import Host
from relctl.rollout.moving.move import Move
from relctl.rollout.moving.prove import is_warm
from relctl.rollout.moving.restore import restore_standby
from relctl.rollout.moving.source import insist_on_source
from relctl.rollout.renamed import in_slot
from relctl.rollout.situation import Situation

_ASKED = 3  # times: one failed-over request does not mean that a release is down


def give_traffic_back(host: Host, situation: Situation, move: Move, why: str) -> None:
    """Point at the previous release, starting it if it is down and the other one answers.

    Of a warm move only the traffic is undone: a release that answers for a dead one goes on doing so. Raises
    NeedsPersonError, without moving traffic, if the previous release cannot serve.
    """
    gives_slot_up = not move.warm and _is_down(situation, move) and stands_in(host, move)
    if move.source and (move.slot in _sent_to(host) or gives_slot_up):
        insist_on_source(host, situation, move, why)
    put_traffic_back(host, move)


def put_traffic_back(host: Host, move: Move) -> float:
    """Point at the source if the pointer is lost or sends anything to the move's slot.

    Nothing else may be undone before that. Returns the milliseconds of the pointer move, 0 without one.
    """
    route, before = host.proxy.pointer.read(), move.source or NOWHERE
    if route == before or not {move.slot, ""} & _sent_to(host):
        return 0.0
    return host.proxy.pointer.move(before)


def give_slot_back(host: Host, move: Move, why: str) -> None:
    """Restore the previous standby once the traffic is back; a warm move has changed no slot.

    Raises NeedsPersonError, leaving the slot, while its release answers for the one that has the traffic.
    Raises EngineError when the engine is unreachable.
    """
    if move.warm:
        return
    if stands_in(host, move):
        source = host.slot(move.source) or in_slot(host, move.source)
        before = source.labels.get(TAG, "") if source else f"what was in {move.source}"
        name = source.name if source else slot_container(host.project, move.source)
        keep = f"; or relctl promote {move.tag}, to keep it" if move.kind == "promote" else ""
        raise NeedsPersonError(
            f"{before} has the traffic ({why}) and does not answer: {move.tag} answers for it, and stays in"
            f" {move.slot}",
            f"docker restart {name}, then relctl promote {before}{keep}",
        )
    restore_standby(host, move.slot, move.replaced)


def stands_in(host: Host, move: Move) -> bool:
    """Return whether the move's release answers through Nginx; False if both slots have one tag."""
    from relctl.rollout.standing_in import ask  # here, as a normal rollback must not pay for it

    source = host.slot(move.source) if move.source else None
    if not move.source or (source and source.labels.get(TAG) == move.tag):
        return False
    container = host.slot(move.slot)
    ready = is_warm(host, container, move.image_id)
    return ready and all(ask(host, source, container).tag == move.tag for _ in range(_ASKED))


def _sent_to(host: Host) -> set[str]:
    """Return the slots to which the pointer sends requests, "" for a lost pointer."""
    route = host.proxy.pointer.read()
    return {newcomer(route), main_slot(route)}


def _is_down(situation: Situation, move: Move) -> bool:
    container = situation.container(move.source)
    return container is None or not container.running
