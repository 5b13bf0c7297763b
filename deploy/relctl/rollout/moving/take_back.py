"""Abort a running promote: what a rollback does while a promote is observed."""

import time

from relctl.engine.labels import TAG
from relctl.errors import EngineError, words_of
from relctl.proxy.route import newcomer
from relctl.rollout.host import Host
from relctl.rollout.moving.interrupted import unfinished
from relctl.rollout.moving.move import Move, Moved
from relctl.rollout.moving.record import record_end
from relctl.rollout.moving.shown import shown
from relctl.rollout.moving.source import insist_on_source
from relctl.rollout.moving.undo import give_slot_back, put_traffic_back
from relctl.rollout.situation import BEGUN, Situation, look_at_once
from relctl.state.event import Event
from relctl.state.lock import is_held

_TYPED_AGAIN = 60.0  # seconds after traffic returned; later only the slot is left to restore


def watched_move(host: Host, situation: Situation) -> Move | None:
    """Return the promote that another process observes, None without one; the caller holds the lock."""
    event = _promoting(situation)
    return Move.of(event) if event and is_held(host.paths.watching) else None


def move_to_end(host: Host, situation: Situation) -> Move | None:
    """Return the promote that a rollback aborts: one being observed, or killed while it had traffic."""
    event = _promoting(situation)
    is_back = event is not None and situation.pointer == event.source
    if event and _had_traffic(situation, event) and not (is_back and host.proxy.pointer.age() > _TYPED_AGAIN):
        return Move.of(event)
    return watched_move(host, situation)


def take_back(host: Host, situation: Situation, move: Move, reason: str) -> Moved:
    """Return all traffic to the previous release, then restore the previous standby; returns the result.

    Raises NeedsPersonError without moving traffic when the previous release cannot serve. Raises it after
    moving traffic when that could not be recorded, or Nginx does not show it. A silent engine delays only the
    slot.
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
        if _gives_slot_back(host, situation, move):
            words = f"ended by a rollback{f': {reason}' if reason else ''}"
            record_end(host, move.event("aborted", reason=words), before)
    standby = look_at_once(host).tag(move.slot)
    seconds = time.monotonic() - started
    return Moved(before, move.source, move.tag, switch_ms, warm=True, seconds=seconds, standby=standby)


def _note_traffic(host: Host, move: Move) -> None:
    """Record that it had traffic: repeating a killed rollback must not go back one release further."""
    try:
        host.ledger.append(move.event("pointed"))
    except OSError as error:
        host.say(f"continuing, though that {move.tag} had traffic could not be recorded: {words_of(error)}")


def _gives_slot_back(host: Host, situation: Situation, move: Move) -> bool:
    """Restore the slot; returns False if the engine is unreachable and the next command has to do it."""
    trouble = situation.blind
    if not trouble:
        try:
            give_slot_back(host, move, "a rollback was typed")
        except EngineError as error:
            trouble = error.message
    if trouble:
        host.say(f"{move.slot} stays as it is for the next command to settle: {trouble}")
    return not trouble


def _promoting(situation: Situation) -> Event | None:
    """Return an unfinished promote; rollbacks are never observed, so an unfinished one has no process."""
    event = unfinished(situation.events)
    return event if event and event.event == BEGUN["promote"] and event.source else None


def _had_traffic(situation: Situation, promoting: Event) -> bool:
    """Return whether it has or had traffic: the ledger records that a moment after the pointer moves."""
    return newcomer(situation.pointer) == promoting.slot or _pointed(situation)


def _pointed(situation: Situation) -> bool:
    """Return whether the ledger says that the last promote's release was given traffic."""
    names = ("pointed", BEGUN["promote"])
    return next(each.event for each in reversed(situation.events) if each.event in names) == "pointed"
