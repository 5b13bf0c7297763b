"""The undo of a move: the traffic first, then the slot, and that only when nobody needs what is in it.

One for all who undo: the process whose move failed, the one that finds it unfinished, and a rollback of it.
"""

from relctl.engine.slots import TAG, slot_container
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

_ASKED = 3  # times: one request that was passed on is not yet a release that is down


def give_traffic_back(host: Host, situation: Situation, move: Move, why: str) -> None:
    """Point at the release before, which is started if it is down and the other one answers.

    Of a warm move only the traffic is undone: who answers for a dead release stays, and goes on doing so.
    Raises NeedsPersonError, the traffic not moved, if the release before cannot serve.
    """
    gives_slot_up = not move.warm and _is_down(situation, move) and stands_in(host, move)
    if move.source and (move.slot in _sent_to(host) or gives_slot_up):
        insist_on_source(host, situation, move, why)
    put_traffic_back(host, move)


def put_traffic_back(host: Host, move: Move) -> float:
    """Point at the source again if the pointer sends anything to the move's slot, or is lost.

    Nothing else may be undone before that. Returns the milliseconds of the pointer's move, 0 without one.
    """
    route, before = host.proxy.pointer.read(), move.source or NOWHERE
    if route == before or not {move.slot, ""} & _sent_to(host):
        return 0.0
    return host.proxy.pointer.move(before)


def give_slot_back(host: Host, move: Move, why: str) -> None:
    """Put the standby before into the slot again, once the traffic is back; a warm move has changed nothing.

    Raises NeedsPersonError, the slot as it is, while its release answers for the one that was given the
    traffic, and EngineError when the engine cannot be asked.
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
    """Whether Nginx, asked as users ask, has the move's release answer; of one tag twice nobody can tell."""
    from relctl.rollout.standing_in import ask  # imported here: a rollback that goes well must not pay for it

    source = host.slot(move.source) if move.source else None
    if not move.source or (source and source.labels.get(TAG) == move.tag):
        return False
    ready = is_warm(host, host.slot(move.slot), move.image_id)
    return ready and all(ask(host).tag == move.tag for _ in range(_ASKED))


def _sent_to(host: Host) -> set[str]:
    """The slots that the pointer sends requests to, "" for one that is lost."""
    route = host.proxy.pointer.read()
    return {newcomer(route), main_slot(route)}


def _is_down(situation: Situation, move: Move) -> bool:
    container = situation.container(move.source)
    return container is None or not container.running
