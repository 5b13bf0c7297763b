"""Abort a running promote, or a canary that the ledger does not explain: what a rollback does then."""

import contextlib
import time
from collections.abc import Iterator

from relctl.engine.labels import TAG
from relctl.engine.protocol import Container
from relctl.errors import EngineError, NeedsPersonError, RelctlError, way_out, words_of
from relctl.proxy.pointer import newcomer
from relctl.rollout.ensure_proxy import ensure_proxy
from relctl.rollout.host import Host
from relctl.rollout.move import Switch, SwitchResult, record_end
from relctl.rollout.prove import prove_through_proxy
from relctl.rollout.renamed_slots import find_by_label
from relctl.rollout.snapshot import Snapshot, snapshot_at_once
from relctl.rollout.undo import ensure_previous_runs, point_back, restore_slot
from relctl.state.event import Event
from relctl.state.history import Deployment
from relctl.state.lock import is_held
from relctl.state.steps import LOOKS

_TYPED_AGAIN = 60.0  # seconds after traffic returned; later only the slot is left to restore


def observed_promote(host: Host, snapshot: Snapshot) -> Switch | None:
    """Return the promote that another process observes, None without one; the caller holds the lock."""
    running = _running_promote(snapshot)
    return Switch.of(running) if running and is_held(host.paths.watching) else None


def promote_to_abort(host: Host, snapshot: Snapshot) -> Switch | None:
    """Return the promote that a rollback aborts: one being observed, or killed while it had traffic."""
    running = _running_promote(snapshot)
    if running and _had_traffic(snapshot, running):
        is_back = snapshot.pointer == running.begun.source
        if not (is_back and host.proxy.pointer.age() > _TYPED_AGAIN):
            return Switch.of(running)
    return observed_promote(host, snapshot)


def _running_promote(snapshot: Snapshot) -> Deployment | None:
    """Return an unfinished promote; rollbacks are never observed, so an unfinished one has no process."""
    running = snapshot.history.unfinished
    return running if running and running.kind == "promote" and running.begun.source else None


def _had_traffic(snapshot: Snapshot, running: Deployment) -> bool:
    """Return whether it has or had traffic: the ledger records that a moment after the pointer moves."""
    return newcomer(snapshot.pointer) == running.begun.slot or running.pointed is not None


def abort_running_promote(host: Host, snapshot: Snapshot, switch: Switch, reason: str) -> SwitchResult:
    """Return all traffic to the previous release, then restore the previous standby; returns the result.

    Raises NeedsPersonError without moving traffic when the previous release cannot serve. Raises it after
    moving traffic when that could not be recorded, or Nginx does not show it. A silent engine delays only the
    slot.
    """
    started = time.monotonic()
    source = ensure_previous_runs(host, snapshot, switch, "a rollback was typed")
    before = source.labels.get(TAG, "")
    running = snapshot.history.unfinished
    if newcomer(snapshot.pointer) == switch.to_slot and running and not running.pointed:
        _note_traffic(host, switch)
    host.steps.reach_for_good(
        "take-back",
        f"point at {switch.from_slot} again: all traffic goes to {before}",
        "it is the undo of the promote, and may be done again",
    )
    switch_ms = point_back(host, switch)
    host.say(f"{before} has all traffic again in {switch.from_slot} (pointer moved in {switch_ms:.2f} ms)")
    with checked_through_nginx(host, snapshot, source):
        if _gives_slot_back(host, snapshot, switch):
            words = f"ended by a rollback{f': {reason}' if reason else ''}"
            record_end(host, switch.event("aborted", reason=words), before)
    standby = snapshot_at_once(host).tag(switch.to_slot)
    seconds = time.monotonic() - started
    return SwitchResult(
        before, switch.from_slot, switch.tag, switch_ms, warm=True, seconds=seconds, standby=standby
    )


def _note_traffic(host: Host, switch: Switch) -> None:
    """Record that it had traffic: repeating a killed rollback must not go back one release further."""
    try:
        host.ledger.append(switch.event("pointed"))
    except OSError as error:
        host.say(f"continuing, though that {switch.tag} had traffic could not be recorded: {words_of(error)}")


def _gives_slot_back(host: Host, snapshot: Snapshot, switch: Switch) -> bool:
    """Restore the slot; returns False if the engine is unreachable and the next command has to do it."""
    trouble = snapshot.blind
    if not trouble:
        try:
            restore_slot(host, switch, "a rollback was typed")
        except EngineError as error:
            trouble = error.message
    if trouble:
        host.say(f"{switch.to_slot} stays as it is for the next command to settle: {trouble}")
    return not trouble


def abort_orphan_canary(host: Host, snapshot: Snapshot, reason: str) -> SwitchResult:
    """Give all traffic to the release that has most of it, touching no container; returns the result.

    Raises NeedsPersonError without moving traffic when that release does not run. Raises it after moving
    traffic when that could not be recorded, or Nginx does not show it.
    """
    started, container = time.monotonic(), _most(host, snapshot)
    tag, newcomer = container.labels.get(TAG, ""), snapshot.tag(snapshot.idle)
    host.steps.reach_for_good(
        "leave-canary",
        f"point at {snapshot.live}: all traffic goes to {tag}, which has most of it",
        "it is the way back",
    )
    unwritten = _write_down(host, _repaired(snapshot, container, reason))
    switch_ms = host.proxy.pointer.move(snapshot.live)
    host.say(f"{tag} has all traffic again in {snapshot.live} (pointer moved in {switch_ms:.2f} ms)")
    with checked_through_nginx(host, snapshot, container):
        if unwritten:
            record_end(host, unwritten, tag)
    if newcomer:
        host.say(f"{newcomer} stays in {snapshot.idle}, as standby: relctl promote TAG replaces it")
    seconds = time.monotonic() - started
    return SwitchResult(tag, snapshot.live, newcomer, switch_ms, warm=True, seconds=seconds, standby=newcomer)


def _most(host: Host, snapshot: Snapshot) -> Container:
    container = snapshot.container(snapshot.live) or find_by_label(host, snapshot.live)
    if container is None or not container.running:
        raise NeedsPersonError(
            f"the pointer leads to the canary {snapshot.pointer}, which {host.paths.ledger} does not"
            f" explain, and the release with most of the traffic, in {snapshot.live}, does not run",
            "relctl status, then docker start its container; the traffic was not moved",
        )
    return container


def _repaired(snapshot: Snapshot, container: Container, reason: str) -> Event:
    words = f"a rollback left the canary {snapshot.pointer}, which the ledger does not explain"
    return Event(
        "repaired",
        tag=container.labels.get(TAG, ""),
        image_id=container.image_id,
        slot=snapshot.live,
        reason=f"{words}: {reason}" if reason else words,
    )


def _write_down(host: Host, repaired: Event) -> Event | None:
    """Record the end of the canary first: if killed in between, the next command aborts the canary again.

    In the other order, a repeated rollback would take the canary for the standby and give it all traffic.
    Returns the event if it could not be written.
    """
    try:
        host.ledger.append(repaired)
    except OSError:  # raised once the traffic is back, if it still cannot be written
        return repaired
    return None


@contextlib.contextmanager
def checked_through_nginx(host: Host, snapshot: Snapshot, container: Container) -> Iterator[None]:
    """Check that `container` answers through Nginx, starting it if needed. The body runs either way.

    Raises NeedsPersonError after the body if it does not answer.
    """
    trouble = _not_shown(host, snapshot, container)
    yield
    if trouble is not None:
        raise NeedsPersonError(
            f"{container.labels.get(TAG, '')} has all traffic again, and Nginx does not show it:"
            f" {words_of(trouble)}",
            way_out(trouble) or "relctl status, then relctl proxy up",
        ) from trouble


def _not_shown(host: Host, snapshot: Snapshot, container: Container) -> RelctlError | OSError | None:
    host.steps.reach_for_good("prove-live", "prove through Nginx who has the traffic", LOOKS)
    try:
        if not host.proxy.is_up():
            ensure_proxy(host, snapshot)
        prove_through_proxy(host, container)
    except (RelctlError, OSError) as error:  # for example a full disk
        return error
    return None
