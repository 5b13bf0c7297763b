"""End a failed move in the process that made it: undo, record, report."""

from relctl.errors import EngineError, NeedsPersonError, RelctlError, RolledBackError, way_out, words_of
from relctl.proxy.route import main_slot, newcomer
from relctl.rollout.host import Host
from relctl.rollout.moving.move import Move
from relctl.rollout.moving.undo import give_slot_back, give_traffic_back, put_traffic_back
from relctl.rollout.situation import Kind, compare

_VERB: dict[Kind, str] = {"promote": "promoted", "rollback": "rolled back to"}


def undo_failed(host: Host, move: Move, error: BaseException) -> None:
    """Undo what was done; raises RolledBackError for an error in words, and returns for any other.

    Raises NeedsPersonError when the previous release cannot take the traffic back, or does not answer with
    it.
    """
    reason, step = words_of(error) or type(error).__name__, host.steps.last
    now = f"{move.previous} is live" if move.previous else "nothing is live"
    try:
        settled = _undo(host, move, reason)
    except OSError as failed:
        _insist_on_traffic(host, move, reason, failed)
        host.say(f"traffic is as before; the rest is not undone: {words_of(failed)}")
        settled = False
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


def _insist_on_traffic(host: Host, move: Move, reason: str, failed: OSError) -> None:
    """Raise NeedsPersonError if the pointer still leads to the move's slot."""
    route = host.proxy.pointer.read()
    if move.slot in (newcomer(route), main_slot(route)) and move.slot != move.source:
        raise NeedsPersonError(
            f"{move.tag} took traffic, then: {reason}; and the pointer cannot be moved back:"
            f" {words_of(failed)}",
            "fix that, then relctl rollback",
        ) from failed


def _undo(host: Host, move: Move, reason: str) -> bool:
    """Return the traffic, then the slot; returns False if the engine cannot be reached any more.

    Traffic returns even then: the slot's release stays and can act as failover. The move stays unfinished,
    for the next command to reconcile. An engine that hangs must not delay users, so the previous release is
    probed first.
    """
    source = host.records.read(move.source) if move.source else None
    if source is not None and host.service(source).is_ready():
        put_traffic_back(host, move)
        if move.warm:
            return True  # nothing else changed, so no engine is needed
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
    except OSError as unwritten:  # the next command reconciles the unfinished move
        host.say(f"that could not be recorded: {words_of(unwritten)}")
