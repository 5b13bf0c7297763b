"""Switch traffic to a release: the one sequence of promote and rollback, each step with its undo."""

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relctl.engine.protocol import Container
from relctl.errors import EngineError, NeedsPersonError, TakenBackError
from relctl.observation.window import Window, logged
from relctl.rollout.host import Host
from relctl.rollout.move import Move, Moved, reach, record_end
from relctl.rollout.prove import prove, prove_smoke, prove_through_proxy, start_release
from relctl.state.event import Event
from relctl.state.history import DONE
from relctl.state.signals import held_back

if TYPE_CHECKING:  # imported where used: a warm rollback that goes well must not pay for it
    from relctl.observation.watch import Watched


def switch_traffic(host: Host, move: Move, standby: Container | None) -> Moved:
    """Start, prove, run the canary steps, point, prove through Nginx, smoke-test, observe, record.

    `standby` is the container in the slot; a warm move uses it as it is.

    The lock is released during observation. Raises RolledBackError if a step failed and all was undone,
    TakenBackError if another command undid it meanwhile. Raises NeedsPersonError if the undo failed too, or
    if the ledger cannot show whether another command acted.
    """
    started = time.monotonic()
    reach(host, move, "begin")
    _note(host, move, move.begun())
    with contextlib.ExitStack() as until_written:
        try:
            switched = _bring_in(host, move, standby)
            watched = _watch(host, move, switched.window) if move.observe else None
            until_written.enter_context(held_back())  # from here on the move is done and must be recorded
        except (TakenBackError, NeedsPersonError):
            raise  # another command ended it, or may have: do not undo that
        except BaseException as error:
            if host.turn.held:  # else a signal ended the wait for it: the next command reconciles
                with held_back():
                    _undo(host, move, error)
            raise
        _commit(host, move, switched.milliseconds)
    if isinstance(watched, BaseException):
        raise watched
    seconds, observed = time.monotonic() - started, watched.as_json() if watched else None
    ms, before = switched.milliseconds, move.previous
    return Moved(move.tag, move.slot, before, ms, move.warm, seconds, observed, standby=before)


@dataclass(frozen=True)
class _Switched:
    """The pointer move: its duration, and the window that begins with it."""

    milliseconds: float
    window: Window


def _bring_in(host: Host, move: Move, standby: Container | None) -> _Switched:
    """Do every step that can be undone, up to the proof that the release has the traffic."""
    container = standby if move.warm and standby else _start(host, move)
    reach(host, move, "prove")
    prove(host, container)
    for percent in move.canary:
        _canary(host, move, percent, container)
    reach(host, move, "point")
    window = _window(host, move)
    switch_ms = host.proxy.pointer.move(move.slot)
    _note(host, move, move.event("pointed", **logged(window.mark)))
    host.say(f"{move.tag} takes traffic in {move.slot} (pointer moved in {switch_ms:.2f} ms)")
    reach(host, move, "prove-live")
    prove_through_proxy(host, container)
    if move.smoke:
        reach(host, move, "smoke")
        prove_smoke(host, container, move.smoke)
    return _Switched(switch_ms, window)


def _undo(host: Host, move: Move, error: BaseException) -> None:
    from relctl.rollout.undo import undo

    undo(host, move, error)


def _canary(host: Host, move: Move, percent: int, container: Container) -> None:
    from relctl.rollout.watching import canary_step

    reach(host, move, "canary", percent)
    canary_step(host, _window(host, move), percent, container)


def _watch(host: Host, move: Move, window: Window) -> "Watched | BaseException":
    from relctl.rollout.watching import observe_switch

    reach(host, move, "observe")
    return observe_switch(host, window)


def _window(host: Host, move: Move) -> Window:
    """Return the window that begins now; its mark in the log attributes requests whatever the clock says."""
    now, mark = time.time(), host.log_mark()
    return Window(move.tag, move.image_id, move.slot, move.source, now, move.observe, mark=mark)


def _start(host: Host, move: Move) -> Container:
    """Start the release in its slot and wait until it is ready and warm."""
    image = host.engine.image(move.image_id)
    if image is None:
        raise EngineError(f"the image of {move.tag} is gone from the engine", "relctl build")
    reach(host, move, "start")
    host.say(f"starting {move.tag} in {move.slot}")
    return start_release(host, move.slot, image)


def _note(host: Host, move: Move, event: Event) -> None:
    """Record an event of a move; a warm rollback continues if that fails, for example on a full disk.

    Users wait for it, and it leaves nothing half done: it touches no container, and the pointer shows where
    it leads.
    """
    if move.warm:
        host.ledger.note(event)
    else:
        host.ledger.append(event)


def _commit(host: Host, move: Move, switch_ms: float) -> None:
    reach(host, move, "record")
    record_end(host, move.event(DONE[move.kind], switch_ms=round(switch_ms, 3)), move.tag)
