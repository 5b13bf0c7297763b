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
from relctl.rollout.move import Switch, SwitchResult
from relctl.rollout.prove import is_warm
from relctl.rollout.reconcile import heal_live, reconcile_from
from relctl.rollout.renamed_slots import require_slot_names
from relctl.rollout.snapshot import Snapshot, snapshot_at_once, take_snapshot
from relctl.rollout.switch import switch_traffic
from relctl.state.history import Retained
from relctl.tag import Tag

_TYPED_AGAIN = 60.0  # seconds after the pointer's move in which a rollback repeats an interrupted one


def rollback(host: Host, tag: Tag | None, reason: str = "") -> SwitchResult | None:
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


def roll_back(host: Host, tag: Tag | None, reason: str) -> SwitchResult | None:
    """Roll back, the lock being held."""
    now = snapshot_at_once(host)
    if now.blind:
        host.say(f"continuing without the engine, by what was started in the slots: {now.blind}")
    running = promote_to_abort(host, now)
    if running is not None:
        back = _abort(host, now, running, tag, reason)
        if tag is None or str(tag) == back.tag:
            return back
        now = snapshot_at_once(host)
    elif tag is None and canary(now.pointer):
        return abort_orphan_canary(host, now, reason)
    return _from_here(host, now, tag, reason)


def _from_here(host: Host, typed: Snapshot, tag: Tag | None, reason: str) -> SwitchResult | None:
    """Reconcile, choose a release and switch to it; returns None when it is already live."""
    reconciled = reconcile_from(host, typed)
    now = reconciled.snapshot
    if tag is None and typed.live and now.live != typed.live:
        return _left_already(host, typed, now)
    if tag is None and reconciled.finished and _is_repeated(host, reconciled.finished):
        return _result(reconciled.finished, now)
    target = choose(now, tag, host.project.versions.retain)
    if now.live_tag == target.tag:
        _restart_live(host, now)
        return None
    if not host.proxy.is_up():
        ensure_proxy(host, now)
    switch = _switch(host, now, target, reason)
    if not switch.warm and now.blind:
        return _from_here(host, take_snapshot(host), tag, reason)  # starting a release needs the engine
    _insist_on_finished(now, target)
    if not switch.warm:
        _insist_on_start(host, now)
        heal_live(host, now)  # its standby is about to be replaced
    return switch_traffic(host, switch, now.container(switch.to_slot))


def _stands_by(host: Host, tag: Tag) -> bool:
    """Return whether a tag names the standby: by what was started, and while no canary runs."""
    live = host.proxy.pointer.read()
    standby = host.records.read(other(live)) if live in SLOTS else None
    return standby is not None and standby.labels.get(TAG) == str(tag)


def _abort(host: Host, now: Snapshot, running: Switch, tag: Tag | None, reason: str) -> SwitchResult:
    """Abort a running promote; first raises UsageError for a tag that cannot be rolled back to."""
    if tag is not None and str(tag) != now.tag(running.from_slot):
        _insist_on_image(host, _named(now.history.retained(host.project.versions.retain), tag))
    return abort_running_promote(host, now, running, reason)


def _left_already(host: Host, typed: Snapshot, now: Snapshot) -> SwitchResult:
    """Return the result when reconciling alone has moved traffic away from the live release.

    The rollback is then done; going on would lead back.
    """
    now = heal_live(host, now)
    standby = now.tag(now.idle)
    return SwitchResult(now.live_tag, now.live, typed.live_tag, switch_ms=0.0, warm=True, standby=standby)


def _is_repeated(host: Host, finished: Switch) -> bool:
    """Return whether this rollback is the repetition of one that was killed, and is finished now."""
    return finished.kind == "rollback" and host.proxy.pointer.age() < _TYPED_AGAIN


def _result(switch: Switch, now: Snapshot) -> SwitchResult:
    before = now.tag(switch.from_slot)
    return SwitchResult(switch.tag, switch.to_slot, before, switch_ms=0.0, warm=switch.warm, standby=before)


def _restart_live(host: Host, now: Snapshot) -> None:
    if now.container(now.live) is None:
        require_slot_names(host)
    heal_live(host, now)


def _insist_on_start(host: Host, now: Snapshot) -> None:
    """Raise, before anything changes, where a release cannot be started: what is meant must be certain."""
    host.ledger.insist()
    require_slot_names(host)
    insist_on_places(host, now)


def _insist_on_finished(now: Snapshot, target: Retained) -> None:
    """Raise EngineError for a release whose interrupted promote could not be undone."""
    running = now.history.unfinished
    if running and running.kind == "promote" and running.begun.image_id == target.image_id:
        raise EngineError(
            f"{target.tag} is the standby since its promote was interrupted, and is not proved: {now.blind}",
            f"{SILENT}; then relctl rollback",
        )


def choose(snapshot: Snapshot, tag: Tag | None, keep: int) -> Retained:
    """Choose the release to roll back to; raises UsageError when there is none."""
    if not snapshot.live:
        raise UsageError("nothing is live, so there is nothing to roll back", "relctl promote TAG")
    kept, standby = snapshot.history.retained(keep), _standby(snapshot)
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


def _switch(host: Host, snapshot: Snapshot, target: Retained, reason: str) -> Switch:
    standby = snapshot.container(snapshot.idle)
    warm = is_warm(host, standby, target.image_id)
    if not warm:
        _insist_on_image(host, target)
    return Switch(
        kind="rollback",
        tag=target.tag,
        image_id=target.image_id,
        to_slot=snapshot.idle,
        from_slot=snapshot.live,
        replaced_image_id=standby.image_id if standby else "",
        warm=warm,
        evidence=target.evidence,
        reason=reason,
        previous_tag=snapshot.live_tag,
    )


def _insist_on_image(host: Host, target: Retained) -> None:
    if host.engine.image(target.image_id) is None:
        raise UsageError(
            f"the image of {target.tag} ({target.image_id[:19]}) is gone from the engine",
            f"git checkout the commit of {target.tag}, then relctl build && relctl verify {target.tag}",
        )
