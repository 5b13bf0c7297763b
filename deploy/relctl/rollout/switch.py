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
from relctl.rollout.move import Switch, SwitchResult, reach, record_end
from relctl.rollout.prove import prove, prove_smoke, prove_through_proxy, start_release
from relctl.rollout.undo import undo
from relctl.state.event import Event
from relctl.state.history import DONE
from relctl.state.signals import held_back

if TYPE_CHECKING:  # imported where used: a warm rollback that goes well must not pay for it
    from relctl.observation.watch import Watched


def switch_traffic(host: Host, switch: Switch, standby: Container | None) -> SwitchResult:
    """Start, prove, canary, point, prove through Nginx, observe; record it, or undo it and raise.

    `standby` is the container in the slot; a warm move uses it as it is. The lock is released during
    observation. Raises RolledBackError if a step failed and all was undone, TakenBackError if another command
    undid it meanwhile. Raises NeedsPersonError if the undo failed too, or if the ledger cannot show whether
    another command acted.
    """
    with recorded(host, switch) as record:  # promoting … promoted
        try:
            container = standby if switch.warm and standby else _start(host, switch)
            _prove(host, switch, container)
            for percent in switch.canary:
                _canary(host, switch, percent, container)
            window = _point(host, switch, record)  # one rename moves all traffic
            _prove_live(host, switch, container)
            _observe(host, switch, window, record)
            record.hold_signals()  # from here on the move is done and must be recorded
        except (TakenBackError, NeedsPersonError):
            raise  # another command ended it, or may have: do not undo that
        except BaseException as error:
            undo(host, switch, error)  # the traffic first, then the slot
            raise
    return record.result


@dataclass
class Record:
    """What a move has come to; `observed`: what an observation found, or the signal that ended it."""

    switch: Switch
    began: float = field(default_factory=time.monotonic)
    switch_ms: float = 0.0
    observed: "Watched | BaseException | None" = None
    signals: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def hold_signals(self) -> None:
        """Let no signal interrupt what follows, until the move is recorded."""
        self.signals.enter_context(held_back())

    @property
    def result(self) -> SwitchResult:
        """Return the result of the finished switch."""
        switch, seconds = self.switch, time.monotonic() - self.began
        found = None if isinstance(self.observed, BaseException) else self.observed
        return SwitchResult(
            switch.tag,
            switch.to_slot,
            previous=switch.previous_tag,
            switch_ms=self.switch_ms,
            warm=switch.warm,
            seconds=seconds,
            observed=found.as_json() if found else None,
            standby=switch.previous_tag,
        )


@contextlib.contextmanager
def recorded(host: Host, switch: Switch) -> Iterator[Record]:
    """Record that a move begins, and after the block that it is done; an undo records itself.

    A signal that ended the observation is raised last.
    """
    record = Record(switch)
    reach(host, switch, "begin")
    _note(host, switch, switch.begun())
    with record.signals:
        yield record
        reach(host, switch, "record")
        done = switch.event(DONE[switch.kind], switch_ms=round(record.switch_ms, 3))
        record_end(host, done, switch.tag)
    if isinstance(record.observed, BaseException):
        raise record.observed


def _note(host: Host, switch: Switch, event: Event) -> None:
    """Record an event of a move; a warm rollback continues if that fails, for example on a full disk.

    Users wait for it, and it leaves nothing half done: it touches no container, and the pointer shows where
    it leads.
    """
    if switch.warm:
        host.ledger.note(event)
    else:
        host.ledger.append(event)


def _start(host: Host, switch: Switch) -> Container:
    image = host.engine.image(switch.image_id)
    if image is None:
        raise EngineError(f"the image of {switch.tag} is gone from the engine", "relctl build")
    reach(host, switch, "start")
    host.say(f"starting {switch.tag} in {switch.to_slot}")
    return start_release(host, switch.to_slot, image)


def _prove(host: Host, switch: Switch, container: Container) -> None:
    reach(host, switch, "prove")
    prove(host, container)


def _canary(host: Host, switch: Switch, percent: int, container: Container) -> None:
    from relctl.rollout.watching import canary_step

    reach(host, switch, "canary", percent)
    canary_step(host, _window(host, switch), percent, container)


def _point(host: Host, switch: Switch, record: Record) -> Window:
    """Give the release all traffic; returns the window that begins with that."""
    reach(host, switch, "point")
    window = _window(host, switch)
    record.switch_ms = host.proxy.pointer.move(switch.to_slot)
    _note(host, switch, switch.event("pointed", **logged(window.mark)))
    host.say(f"{switch.tag} takes traffic in {switch.to_slot} (pointer moved in {record.switch_ms:.2f} ms)")
    return window


def _prove_live(host: Host, switch: Switch, container: Container) -> None:
    reach(host, switch, "prove-live")
    prove_through_proxy(host, container)
    if switch.smoke:
        reach(host, switch, "smoke")
        prove_smoke(host, container, switch.smoke)


def _observe(host: Host, switch: Switch, window: Window, record: Record) -> None:
    if switch.observe:
        from relctl.rollout.watching import observe_switch

        reach(host, switch, "observe")
        record.observed = observe_switch(host, window)


def _window(host: Host, switch: Switch) -> Window:
    """Return the window that begins now; its mark in the log attributes requests whatever the clock says."""
    since, mark = time.time(), host.log_mark()
    return switch.window(since, mark)
