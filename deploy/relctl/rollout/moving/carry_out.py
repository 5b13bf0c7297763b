"""Moving traffic to a release: the one sequence behind promote and rollback, every step with its undo."""

import contextlib
import time
from dataclasses import dataclass

from relctl.engine.protocol import Container
from relctl.errors import EngineError, NeedsPersonError, TakenBackError
from relctl.rollout.host import Host
from relctl.rollout.moving.failed import undo_failed
from relctl.rollout.moving.move import Move, Moved
from relctl.rollout.moving.prove import prove, prove_through_proxy, start_up
from relctl.rollout.moving.record import record_end
from relctl.rollout.moving.steps import reach
from relctl.rollout.observation.after_switch import observe_switch
from relctl.rollout.observation.canary import canary_step
from relctl.rollout.observation.watch import Watched
from relctl.rollout.observation.window import Window
from relctl.rollout.situation import DONE
from relctl.state.event import Event
from relctl.state.interruption import held_back


def carry_out(host: Host, move: Move) -> Moved:
    """Start, prove, canary steps, point, prove through Nginx, observe, write it down.

    The lock is let go of while it only watches. Raises RolledBackError if a step failed and all was undone,
    TakenBackError if somebody else undid it meanwhile, NeedsPersonError if the undo failed too, or if the
    ledger cannot tell whether somebody did.
    """
    started = time.monotonic()
    reach(host, move, "begin")
    _note(host, move, move.begun())
    with contextlib.ExitStack() as until_written:
        try:
            switched = _bring_in(host, move)
            watched = _watch(host, move, switched.at) if move.observe else None
            until_written.enter_context(held_back())  # from here on it is done, and must be written down
        except (TakenBackError, NeedsPersonError):
            raise  # others ended it while it was watched, or may have: theirs must not be undone
        except BaseException as error:
            if host.turn.held:  # else a signal ended the waiting for it: the next command settles the move
                with held_back():
                    undo_failed(host, move, error)
            raise
        _commit(host, move, switched.milliseconds)
    if isinstance(watched, BaseException):
        raise watched
    seconds, observed = time.monotonic() - started, watched.as_json() if watched else None
    ms, before = switched.milliseconds, move.previous
    return Moved(move.tag, move.slot, before, ms, move.warm, seconds, observed, standby=before)


@dataclass(frozen=True)
class _Switched:
    """The move of the pointer: how long it took, and when it began (seconds since 1970)."""

    milliseconds: float
    at: float


def _bring_in(host: Host, move: Move) -> _Switched:
    """Do every step that can be undone, up to the proof that the release has the traffic."""
    container = _in_slot(host, move) if move.warm else _start(host, move)
    reach(host, move, "prove")
    prove(host, container)
    for percent in move.canary:
        reach(host, move, "canary", percent)
        canary_step(host, _window(move, time.time()), percent, container)
    reach(host, move, "point")
    at = time.time()
    switch_ms = host.proxy.pointer.move(move.slot)
    _note(host, move, move.event("pointed"))
    host.say(f"{move.tag} takes traffic in {move.slot} (pointer moved in {switch_ms:.2f} ms)")
    reach(host, move, "prove-live")
    prove_through_proxy(host, container)
    return _Switched(switch_ms, at)


def _watch(host: Host, move: Move, switched: float) -> Watched | BaseException:
    reach(host, move, "observe")
    return observe_switch(host, _window(move, switched))


def _window(move: Move, since: float) -> Window:
    return Window(move.tag, move.image_id, move.slot, move.source, since, move.observe)


def _in_slot(host: Host, move: Move) -> Container:
    container = host.slot(move.slot)
    if container is None or container.image_id != move.image_id:
        raise EngineError(f"{move.tag} was in {move.slot} a moment ago and is not any more", "relctl status")
    return container


def _start(host: Host, move: Move) -> Container:
    """Start the release in its slot and wait until it is ready and warm."""
    image = host.engine.image(move.image_id)
    if image is None:
        raise EngineError(f"the image of {move.tag} is gone from the engine", "relctl build")
    reach(host, move, "start")
    host.say(f"starting {move.tag} in {move.slot}")
    return start_up(host, move.slot, image)


def _note(host: Host, move: Move, event: Event) -> None:
    """Write an event of a move; a warm rollback may go on without, on a full disk say.

    Users wait for it, and it leaves nothing half done: it touches no container, and the pointer itself says
    where it leads.
    """
    if move.warm:
        host.ledger.note(event)
    else:
        host.ledger.append(event)


def _commit(host: Host, move: Move, switch_ms: float) -> None:
    reach(host, move, "record")
    record_end(host, move.event(DONE[move.kind], switch_ms=round(switch_ms, 3)), move.tag)
