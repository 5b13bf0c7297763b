"""Moving traffic to a release: the one sequence behind promote and rollback, every step with its undo."""

import contextlib
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from relctl.engine.protocol import Container, Image
from relctl.engine.slots import slot_container, slot_spec
from relctl.errors import NeedsPersonError, RelctlError, RolledBackError
from relctl.proxy.pointer import NOWHERE
from relctl.rollout.host import Host
from relctl.rollout.prove import prove, prove_through_proxy, start_up

Kind = Literal["promote", "rollback"]
BEGUN = {"promote": "promoting", "rollback": "rolling-back"}
DONE = {"promote": "promoted", "rollback": "rolled-back"}


@dataclass(frozen=True)
class Move:
    """What is meant: bring `image` into `slot` and let it take over from `source` ("" at first).

    `replaced` is the image in the slot before, whose container comes back if the move fails;
    `running` is the container when the release is in the slot already, warm.
    """

    kind: Kind
    tag: str
    image_id: str
    slot: str
    source: str
    replaced: str = ""
    running: Container | None = None
    evidence: str = ""
    reason: str = ""
    previous: str = ""

    def members(self) -> dict[str, Any]:
        """The members of its ledger events."""
        return {
            "tag": self.tag,
            "image_id": self.image_id,
            "slot": self.slot,
            "source": self.source,
            "evidence": self.evidence,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Moved:
    """A finished move, as `relctl promote --json` tells it; `switch_ms` is the pointer move alone."""

    tag: str
    slot: str
    previous: str
    switch_ms: float
    warm: bool
    seconds: float


def carry_out(host: Host, move: Move) -> Moved:
    """Start, prove, point, prove through Nginx, write it down; raises RolledBackError if all was undone."""
    started = time.monotonic()
    host.record(BEGUN[move.kind], **move.members(), details=_details(move))
    undo = contextlib.ExitStack()
    try:
        switch_ms = _steps(host, move, undo)
    except BaseException as error:
        _undo(host, move, undo, error)
        raise
    return Moved(
        move.tag, move.slot, move.previous, switch_ms, move.running is not None, time.monotonic() - started
    )


def _steps(host: Host, move: Move, undo: contextlib.ExitStack) -> float:
    container = move.running
    if container is None:
        undo.callback(restore_standby, host, move.slot, move.replaced)
        container = start(host, move)
    prove(host, container)
    undo.callback(host.proxy.pointer.move, move.source or NOWHERE)
    switch_ms = host.proxy.pointer.move(move.slot)
    host.record("pointed", **move.members())
    host.say(f"{move.tag} takes traffic in {move.slot} (pointer moved in {switch_ms:.2f} ms)")
    prove_through_proxy(host, container)
    with _uninterrupted():
        host.record(DONE[move.kind], **move.members(), details={"switch_ms": round(switch_ms, 3)})
        undo.pop_all()
    return switch_ms


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back: once the ledger says that a move is done, it must not be undone any more."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start(host: Host, move: Move) -> Container:
    """Start the release in its slot and wait until it is ready and warm."""
    image = _image(host, move.image_id)
    host.say(f"starting {move.tag} in {move.slot}")
    container = host.engine.start(slot_spec(host.project, move.slot, image))
    start_up(host, container)
    return container


def restore_slot(host: Host, slot: str, image_id: str) -> None:
    """Put back what was in a slot: the release of `image_id`, or nothing."""
    if not image_id:
        return host.engine.remove(slot_container(host.project, slot))
    start_up(host, host.engine.start(slot_spec(host.project, slot, _image(host, image_id))))
    return None


def restore_standby(host: Host, slot: str, image_id: str) -> None:
    """Put back the standby of a move that is undone; without it live serves as before, so it may fail."""
    try:
        restore_slot(host, slot, image_id)
    except RelctlError as error:
        host.say(f"the standby does not come back, {slot} stays empty: {error}")
        host.engine.remove(slot_container(host.project, slot))


def _image(host: Host, image_id: str) -> Image:
    image = host.engine.image(image_id)
    if image is None:
        raise RelctlError(f"image {image_id} is gone from the engine")
    return image


def _undo(host: Host, move: Move, undo: contextlib.ExitStack, error: BaseException) -> None:
    """Undo what was done, newest first, and say so; a failing undo needs a person."""
    reason = str(error) or type(error).__name__
    try:
        undo.close()
        host.record("aborted", **{**move.members(), "reason": reason})
    except (RelctlError, OSError) as failed:
        raise NeedsPersonError(
            f"{move.tag} could not be brought in ({reason}), and undoing it failed: {failed}",
            "relctl status says how it stands; the next promote or rollback tries to put it in order",
        ) from error
    if isinstance(error, RelctlError | OSError):
        verb = "promoted" if move.kind == "promote" else "rolled back to"
        now = f"{move.previous} is live" if move.previous else "nothing is live"
        hint = error.hint if isinstance(error, RelctlError) else ""
        raise RolledBackError(
            f"{move.tag} was not {verb}: {reason}\ntraffic is as before: {now}",
            hint or "relctl history says what was done",
        ) from error


def _details(move: Move) -> dict[str, Any]:
    """What an undo needs to know: whether the slot was touched at all, and what was in it."""
    return {"warm": True} if move.running else {"replaced": move.replaced} if move.replaced else {}
