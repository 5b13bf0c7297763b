"""Switch traffic to a release: the one sequence of promote and rollback, each step with its undo."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from relctl.engine.protocol import Container
from relctl.errors import EngineError, NeedsPersonError, TakenBackError
from relctl.observation.window import Window, logged
from relctl.rollout.host import Host
from relctl.rollout.move import Move, Moved, reach, record_end
from relctl.rollout.prove import prove, prove_smoke, prove_through_proxy, start_release
from relctl.rollout.undo import undo
from relctl.state.event import Event
from relctl.state.history import DONE
from relctl.state.signals import held_back

if TYPE_CHECKING:  # imported where used: a warm rollback that goes well must not pay for it
    from relctl.observation.watch import Watched


def switch_traffic(host: Host, move: Move, standby: Container | None) -> Moved:
    """Start, prove, canary, point, prove through Nginx, observe; record it, or undo it and raise.

    `standby` is the container in the slot; a warm move uses it as it is. The lock is released during
    observation. Raises RolledBackError if a step failed and all was undone, TakenBackError if another command
    undid it meanwhile. Raises NeedsPersonError if the undo failed too, or if the ledger cannot show whether
    another command acted.
    """
    with recorded(host, move) as record:  # promoting … promoted
        try:
            container = standby if move.warm and standby else _start(host, move)
            _prove(host, move, container)
            for percent in move.canary:
                _canary(host, move, percent, container)
            window = _point(host, move, record)  # one rename moves all traffic
            _prove_live(host, move, container)
            _observe(host, move, window, record)
            record.hold_signals()  # from here on the move is done and must be recorded
        except (TakenBackError, NeedsPersonError):
            raise  # another command ended it, or may have: do not undo that
        except BaseException as error:
            undo(host, move, error)  # the traffic first, then the slot
            raise
    return record.result


@dataclass
class Record:
    """What a move has come to; `observed`: what an observation found, or the signal that ended it."""

    move: Move
    began: float = field(default_factory=time.monotonic)
    switch_ms: float = 0.0
    observed: "Watched | BaseException | None" = None
    _signals: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def hold_signals(self) -> None:
        """Let no signal interrupt what follows, until the move is recorded."""
        self._signals.enter_context(held_back())

    @contextlib.contextmanager
    def until_written(self) -> Iterator[None]:
        """End the hold of signals with the block; then raise the one that ended the observation."""
        with self._signals:
            yield
        if isinstance(self.observed, BaseException):
            raise self.observed

    @property
    def result(self) -> Moved:
        """Return the result of the finished move."""
        move, seconds = self.move, time.monotonic() - self.began
        found = None if isinstance(self.observed, BaseException) else self.observed
        observed = found.as_json() if found else None
        before = move.previous
        return Moved(move.tag, move.slot, before, self.switch_ms, move.warm, seconds, observed, before)


@contextlib.contextmanager
def recorded(host: Host, move: Move) -> Iterator[Record]:
    """Record that a move begins, and at the end of the block that it is done; an undo records itself."""
    record = Record(move)
    reach(host, move, "begin")
    _note(host, move, move.begun())
    with record.until_written():
        yield record
        reach(host, move, "record")
        done = move.event(DONE[move.kind], switch_ms=round(record.switch_ms, 3))
        record_end(host, done, move.tag)


def _note(host: Host, move: Move, event: Event) -> None:
    """Record an event of a move; a warm rollback continues if that fails, for example on a full disk.

    Users wait for it, and it leaves nothing half done: it touches no container, and the pointer shows where
    it leads.
    """
    if move.warm:
        host.ledger.note(event)
    else:
        host.ledger.append(event)


def _start(host: Host, move: Move) -> Container:
    image = host.engine.image(move.image_id)
    if image is None:
        raise EngineError(f"the image of {move.tag} is gone from the engine", "relctl build")
    reach(host, move, "start")
    host.say(f"starting {move.tag} in {move.slot}")
    return start_release(host, move.slot, image)


def _prove(host: Host, move: Move, container: Container) -> None:
    reach(host, move, "prove")
    prove(host, container)


def _canary(host: Host, move: Move, percent: int, container: Container) -> None:
    from relctl.rollout.watching import canary_step

    reach(host, move, "canary", percent)
    canary_step(host, _window(host, move), percent, container)


def _point(host: Host, move: Move, record: Record) -> Window:
    """Give the release all traffic; returns the window that begins with that."""
    reach(host, move, "point")
    window = _window(host, move)
    record.switch_ms = host.proxy.pointer.move(move.slot)
    _note(host, move, move.event("pointed", **logged(window.mark)))
    host.say(f"{move.tag} takes traffic in {move.slot} (pointer moved in {record.switch_ms:.2f} ms)")
    return window


def _prove_live(host: Host, move: Move, container: Container) -> None:
    reach(host, move, "prove-live")
    prove_through_proxy(host, container)
    if move.smoke:
        reach(host, move, "smoke")
        prove_smoke(host, container, move.smoke)


def _observe(host: Host, move: Move, window: Window, record: Record) -> None:
    if move.observe:
        from relctl.rollout.watching import observe_switch

        reach(host, move, "observe")
        record.observed = observe_switch(host, window)


def _window(host: Host, move: Move) -> Window:
    """Return the window that begins now; its mark in the log attributes requests whatever the clock says."""
    now, mark = time.time(), host.log_mark()
    return Window(move.tag, move.image_id, move.slot, move.source, now, move.observe, mark=mark)
