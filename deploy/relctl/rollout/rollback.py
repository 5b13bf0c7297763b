"""Roll back: return traffic to the warm standby, or to any retained release."""

from relctl.engine.labels import TAG
from relctl.engine.protocol import SILENT
from relctl.engine.slots import SLOTS, other
from relctl.errors import EngineError, UsageError
from relctl.proxy.pointer import canary
from relctl.rollout.abort import abort_orphan_canary, abort_running_promote, promote_to_abort
from relctl.rollout.ensure_proxy import ensure_proxy, insist_on_places
from relctl.rollout.host import Host
from relctl.rollout.locking import exclusive
from relctl.rollout.move import Move, Moved
from relctl.rollout.prove import is_warm
from relctl.rollout.reconcile import heal_live, reconcile_from
from relctl.rollout.renamed_slots import require_slot_names
from relctl.rollout.snapshot import Snapshot, snapshot_at_once, take_snapshot
from relctl.rollout.switch import switch_traffic
from relctl.state.history import BEGUN, Retained, retained, unfinished
from relctl.tag import Tag

_TYPED_AGAIN = 60.0  # seconds after the pointer's move in which a rollback repeats an interrupted one


def rollback(host: Host, tag: Tag | None, reason: str = "") -> Moved | None:
    """Return traffic to the standby, or with a tag to that retained release.

    A promote that is observed, or was killed while it had traffic, is aborted first; without a tag that is
    all. The same holds for a canary that the ledger does not explain. Returns None when `tag` is already
    live. Raises UsageError when there is no release to return to, RolledBackError when a step failed and
    traffic is as before. Rolling back to a warm standby needs neither ledger nor engine; what is unreadable
    or unreachable is reported.
    """
    if tag is None or _stands_by(host, tag):
        host.ledger.tolerate(host.say)
    with exclusive(host):
        return roll_back(host, tag, reason)


def _stands_by(host: Host, tag: Tag) -> bool:
    """Whether a tag names the standby: by what was started, and not while a canary has a part."""
    live = host.proxy.pointer.read()
    standby = host.records.read(other(live)) if live in SLOTS else None
    return standby is not None and standby.labels.get(TAG) == str(tag)


def roll_back(host: Host, tag: Tag | None, reason: str) -> Moved | None:
    """Roll back, the lock being held."""
    snapshot = snapshot_at_once(host)
    if snapshot.blind:
        host.say(f"continuing without the engine, by what was started in the slots: {snapshot.blind}")
    promoting = promote_to_abort(host, snapshot)
    if promoting is not None:
        back = _take_back(host, snapshot, promoting, tag, reason)
        if tag is None or str(tag) == back.tag:
            return back
        snapshot = snapshot_at_once(host)
    elif tag is None and canary(snapshot.pointer):
        return abort_orphan_canary(host, snapshot, reason)
    return _from_here(host, snapshot, tag, reason)


def _from_here(host: Host, snapshot: Snapshot, tag: Tag | None, reason: str) -> Moved | None:
    """Reconcile, choose a release and move to it; returns None when it is already live."""
    typed, reconciled = snapshot, reconcile_from(host, snapshot)
    snapshot = reconciled.snapshot
    if tag is None and typed.live and snapshot.live != typed.live:
        return _left_already(host, typed, snapshot)
    again = reconciled.finished is not None and host.proxy.pointer.age() < _TYPED_AGAIN
    if tag is None and again and reconciled.finished and reconciled.finished.kind == "rollback":
        return _as_moved(reconciled.finished, snapshot)  # repeated because it was interrupted
    target = choose(snapshot, tag, host.project.versions.retain)
    if snapshot.live_tag == target.tag:
        if snapshot.container(snapshot.live) is None:
            require_slot_names(host)
        heal_live(host, snapshot)
        return None
    if not host.proxy.is_up():
        ensure_proxy(host, snapshot)
    move = _move(host, snapshot, target, reason)
    if not move.warm and snapshot.blind:
        return _from_here(host, take_snapshot(host), tag, reason)  # starting a release needs the engine
    _insist_on_finished(snapshot, target)
    if not move.warm:
        host.ledger.insist()
        require_slot_names(host)
        insist_on_places(host, snapshot)
        heal_live(host, snapshot)  # its standby is about to be replaced
    return switch_traffic(host, move, snapshot.container(move.slot))


def _insist_on_finished(snapshot: Snapshot, target: Retained) -> None:
    """Raise EngineError for a release whose interrupted promote could not be undone."""
    event = unfinished(snapshot.events)
    if event and event.event == BEGUN["promote"] and event.image_id == target.image_id:
        raise EngineError(
            f"{target.tag} is the standby since its promote was interrupted, and is not proved:"
            f" {snapshot.blind}",
            f"{SILENT}; then relctl rollback",
        )


def _left_already(host: Host, typed: Snapshot, snapshot: Snapshot) -> Moved:
    """Return the result when reconciling alone has moved traffic away from the live release.

    The rollback is then done; going on would lead back.
    """
    snapshot = heal_live(host, snapshot)
    return Moved(
        snapshot.live_tag,
        snapshot.live,
        typed.live_tag,
        switch_ms=0.0,
        warm=True,
        standby=snapshot.tag(snapshot.idle),
    )


def _take_back(host: Host, snapshot: Snapshot, promoting: Move, tag: Tag | None, reason: str) -> Moved:
    """Abort a running promote; first raises UsageError for a tag that cannot be rolled back to."""
    if tag is not None and str(tag) != snapshot.tag(promoting.source):
        _insist_on_image(host, _named(retained(snapshot.events, host.project.versions.retain), tag))
    return abort_running_promote(host, snapshot, promoting, reason)


def _as_moved(move: Move, snapshot: Snapshot) -> Moved:
    before = snapshot.tag(move.source)
    return Moved(move.tag, move.slot, before, switch_ms=0.0, warm=move.warm, standby=before)


def choose(snapshot: Snapshot, tag: Tag | None, keep: int) -> Retained:
    """Choose the release to roll back to; raises UsageError when there is none."""
    if not snapshot.live:
        raise UsageError("nothing is live, so there is nothing to roll back", "relctl promote TAG")
    kept, standby = retained(snapshot.events, keep), _standby(snapshot)
    if tag is not None:
        return _named([*kept, *standby], tag)
    return standby[0] if standby else _before(kept, snapshot.live_tag)


def _standby(snapshot: Snapshot) -> list[Retained]:
    container = snapshot.container(snapshot.idle)
    return [Retained(snapshot.tag(snapshot.idle), container.image_id, "")] if container else []


def _before(kept: list[Retained], live: str) -> Retained:
    """Return the release promoted before live; never one promoted after it and rolled back."""
    tags = [release.tag for release in kept]
    older = kept[tags.index(live) + 1 :] if live in tags else kept
    if not older:
        raise UsageError(
            f"there is no standby, and no retained release before {live}",
            "relctl releases; relctl promote TAG",
        )
    return older[0]


def _named(kept: list[Retained], tag: Tag) -> Retained:
    for release in kept:
        if release.tag == str(tag):
            return release
    known = ", ".join(dict.fromkeys(release.tag for release in kept)) or "none yet"
    raise UsageError(
        f"{tag} is not a retained release of this environment; retained: {known}",
        f"relctl releases (to bring in another image: relctl verify {tag} && relctl promote {tag})",
    )


def _move(host: Host, snapshot: Snapshot, target: Retained, reason: str) -> Move:
    standby = snapshot.container(snapshot.idle)
    warm = is_warm(host, standby, target.image_id)
    if not warm:
        _insist_on_image(host, target)
    return Move(
        kind="rollback",
        tag=target.tag,
        image_id=target.image_id,
        slot=snapshot.idle,
        source=snapshot.live,
        replaced=standby.image_id if standby else "",
        warm=warm,
        evidence=target.evidence,
        reason=reason,
        previous=snapshot.live_tag,
    )


def _insist_on_image(host: Host, target: Retained) -> None:
    if host.engine.image(target.image_id) is None:
        raise UsageError(
            f"the image of {target.tag} ({target.image_id[:19]}) is gone from the engine",
            f"git checkout the commit of {target.tag}, then relctl build && relctl verify {target.tag}",
        )
