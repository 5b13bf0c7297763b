"""Taking back a release that is still being brought in: what a rollback is while a promote watches."""

import time

from relctl.engine.slots import TAG
from relctl.errors import EngineError, NeedsPersonError, words_of
from relctl.proxy.route import newcomer
from relctl.rollout.host import Host
from relctl.rollout.moving.interrupted import unfinished
from relctl.rollout.moving.move import Move, Moved
from relctl.rollout.moving.record import record_end
from relctl.rollout.moving.shown import shown
from relctl.rollout.moving.source import insist_on_source
from relctl.rollout.moving.undo import give_slot_back, put_traffic_back
from relctl.rollout.situation import BEGUN, Situation, look
from relctl.state.event import Event
from relctl.state.lock import is_held


def watched_move(host: Host, situation: Situation) -> Move | None:
    """The promote that another process watches, for who holds the lock; None when there is none."""
    event = _promoting(situation)
    return Move.of(event) if event and is_held(host.paths.watching) else None


def move_to_end(host: Host, situation: Situation) -> Move | None:
    """The promote that a rollback ends: one that is watched, or that was killed when it had traffic."""
    event = _promoting(situation)
    if event and _had_traffic(situation, event):
        return Move.of(event)
    return watched_move(host, situation)


def take_back(host: Host, situation: Situation, move: Move, reason: str) -> Moved:
    """Give all traffic to the release before, then bring back the standby before; returns how it stands.

    Raises NeedsPersonError: the traffic not moved when the release before cannot serve, and moved when that
    could not be written down, Nginx does not show it, or the standby before could not be brought back.
    """
    started = time.monotonic()
    source = insist_on_source(host, situation, move, "a rollback was typed")
    before = source.labels.get(TAG, "")
    if newcomer(situation.pointer) == move.slot and not _pointed(situation):
        _note_traffic(host, move)
    host.steps.reach_for_good(
        "take-back",
        f"point at {move.source} again: all traffic goes to {before}",
        "it is the undo of the promote, and may be done again",
    )
    switch_ms = put_traffic_back(host, move)
    host.say(f"{before} has all traffic again in {move.source} (pointer moved in {switch_ms:.2f} ms)")
    with shown(host, situation, source):
        _give_slot_back(host, move, before)
        words = f"taken back by a rollback{f': {reason}' if reason else ''}"
        record_end(host, move.event("aborted", reason=words), before)
    standby = look(host).tag(move.slot)
    seconds = time.monotonic() - started
    return Moved(before, move.source, move.tag, switch_ms, warm=True, seconds=seconds, standby=standby)


def _note_traffic(host: Host, move: Move) -> None:
    """Write down that it had traffic: who types a killed rollback again must not go a release further."""
    try:
        host.ledger.append(move.event("pointed"))
    except OSError as error:
        host.say(f"going on, though that {move.tag} had traffic could not be written down: {words_of(error)}")


def _give_slot_back(host: Host, move: Move, before: str) -> None:
    try:
        give_slot_back(host, move, "a rollback was typed")
    except EngineError as error:
        raise NeedsPersonError(
            f"{before} has all traffic again, and {move.slot} could not be put in order: {error}",
            f"{error.hint}; then relctl rollback goes on",
        ) from error


def _promoting(situation: Situation) -> Event | None:
    """An unfinished promote; a rollback is never watched, so one that is unfinished has lost its process."""
    event = unfinished(situation.events)
    return event if event and event.event == BEGUN["promote"] and event.source else None


def _had_traffic(situation: Situation, promoting: Event) -> bool:
    """Whether it has a part of the traffic, or had it: the ledger says so a moment after the pointer."""
    return newcomer(situation.pointer) == promoting.slot or _pointed(situation)


def _pointed(situation: Situation) -> bool:
    """Whether the ledger says that the release of the last promote was given traffic."""
    names = ("pointed", BEGUN["promote"])
    return next(each.event for each in reversed(situation.events) if each.event in names) == "pointed"
