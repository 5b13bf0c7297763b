"""The end of a move that failed, for the process that made it: undone, written down, told."""

from relctl.engine.slots import slot_address
from relctl.errors import EngineError, NeedsPersonError, RelctlError, RolledBackError, way_out, words_of
from relctl.rollout.host import Host
from relctl.rollout.moving.move import Move
from relctl.rollout.moving.undo import give_slot_back, give_traffic_back, put_traffic_back
from relctl.rollout.situation import Kind, compare

_VERB: dict[Kind, str] = {"promote": "promoted", "rollback": "rolled back to"}


def undo_failed(host: Host, move: Move, error: BaseException) -> None:
    """Undo what was done; raises RolledBackError for an error in words, and returns for anything else.

    Raises NeedsPersonError where the release before cannot take the traffic back, or does not answer with it.
    """
    reason, step = words_of(error) or type(error).__name__, host.steps.last
    now = f"{move.previous} is live" if move.previous else "nothing is live"
    try:
        settled = _undo(host, move, reason)
    except OSError as failed:
        raise NeedsPersonError(
            f"{move.tag} took traffic, then: {reason}; and the pointer cannot be moved back:"
            f" {words_of(failed)}",
            "mend that, then relctl rollback",
        ) from error
    if settled:
        host.say(f"undone; traffic is as before: {now}")
        _note(host, move, reason, step)
    else:
        now = f"{now}; the next command puts {move.slot} in order"
    if isinstance(error, RelctlError | OSError):
        raise RolledBackError(
            f"{move.tag} was not {_VERB[move.kind]}: {reason}\ntraffic is as before: {now}",
            way_out(error) or "relctl history says what was done",
        ) from error


def _undo(host: Host, move: Move, reason: str) -> bool:
    """Give back the traffic, then the slot; False where the engine cannot be asked any more.

    The traffic goes back all the same: whoever is in the slot stays there, and can stand in. The move stays
    unfinished, for the next command to settle. An engine that hangs must not keep users waiting, so the
    release before is asked itself, first.
    """
    if move.source and host.service(slot_address(host.project, move.source)).is_ready():
        put_traffic_back(host, move)
    try:
        give_traffic_back(host, compare(host, host.ledger.salvage()), move, reason)
        if not move.warm and not _untouched(host, move):
            give_slot_back(host, move, reason)
    except EngineError as error:
        put_traffic_back(host, move)
        host.say(f"traffic is as before; {move.slot} stays as it is for the next command to settle: {error}")
        return False
    return True


def _untouched(host: Host, move: Move) -> bool:
    container = host.slot(move.slot)
    if container is None:
        return not move.replaced
    return container.running and container.image_id == move.replaced != move.image_id


def _note(host: Host, move: Move, reason: str, step: str) -> None:
    try:
        host.ledger.append(move.event("aborted", reason=reason, step=step))
    except OSError as unwritten:  # the next command finds the move unfinished, and settles it
        host.say(f"that could not be written down: {words_of(unwritten)}")
