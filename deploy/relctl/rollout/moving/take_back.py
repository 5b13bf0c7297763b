"""Taking back a release that is still being brought in: what a rollback is while a promote watches."""

import time

from relctl.engine.slots import TAG
from relctl.proxy.route import newcomer
from relctl.rollout.host import Host
from relctl.rollout.moving.interrupted import unfinished
from relctl.rollout.moving.move import Move, Moved
from relctl.rollout.moving.record import record_end
from relctl.rollout.moving.shown import shown
from relctl.rollout.moving.source import insist_on_source
from relctl.rollout.moving.undo import put_traffic_back, restore_standby
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
    could not be written down, or Nginx does not show it.
    """
    started = time.monotonic()
    source = insist_on_source(host, situation, move, "a rollback was typed")
    before = source.labels.get(TAG, "")
    host.steps.reach_for_good(
        "take-back",
        f"point at {move.source} again: all traffic goes to {before}",
        "it is the undo of the promote, and may be done again",
    )
    switch_ms = put_traffic_back(host, move.slot, move.source)
    host.say(f"{before} has all traffic again in {move.source} (pointer moved in {switch_ms:.2f} ms)")
    with shown(host, situation, source):
        if not move.warm:
            restore_standby(host, move.slot, move.replaced)
        words = f"taken back by a rollback{f': {reason}' if reason else ''}"
        record_end(host, move.event("aborted", reason=words), before)
    standby = look(host).tag(move.slot)
    seconds = time.monotonic() - started
    return Moved(before, move.source, move.tag, switch_ms, warm=True, seconds=seconds, standby=standby)


def _promoting(situation: Situation) -> Event | None:
    """An unfinished promote; a rollback is never watched, so one that is unfinished has lost its process."""
    event = unfinished(situation.events)
    return event if event and event.event == BEGUN["promote"] and event.source else None


def _had_traffic(situation: Situation, promoting: Event) -> bool:
    """Whether it has a part of the traffic, or had it: the ledger says so a moment after the pointer."""
    now = newcomer(situation.pointer) == promoting.slot
    last = next(each for each in reversed(situation.events) if each.event in ("pointed", promoting.event))
    return now or last.event == "pointed"
