"""Roll back: return traffic to the warm standby, or to any retained release."""

from relctl.engine.labels import TAG
from relctl.engine.protocol import SILENT
from relctl.engine.slots import SLOTS, other
from relctl.errors import EngineError, UsageError
from relctl.proxy.route import canary
from relctl.release import Tag
from relctl.rollout.abort import leave_canary, move_to_end, take_back
from relctl.rollout.ensure_proxy import bring_up, insist_on_places
from relctl.rollout.host import Host
from relctl.rollout.locking import alone
from relctl.rollout.move import Move, Moved
from relctl.rollout.prove import is_warm
from relctl.rollout.reconcile import heal_live, reconcile_from
from relctl.rollout.renamed_slots import insist_on_names
from relctl.rollout.snapshot import Situation, look, look_at_once
from relctl.rollout.switch import carry_out
from relctl.state.history import BEGUN, Retained, retained, unfinished

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
    with alone(host):
        return roll_back(host, tag, reason)


def _stands_by(host: Host, tag: Tag) -> bool:
    """Whether a tag names the standby: by what was started, and not while a canary has a part."""
    live = host.proxy.pointer.read()
    standby = host.records.read(other(live)) if live in SLOTS else None
    return standby is not None and standby.labels.get(TAG) == str(tag)


def roll_back(host: Host, tag: Tag | None, reason: str) -> Moved | None:
    """Roll back, the lock being held."""
    situation = look_at_once(host)
    if situation.blind:
        host.say(f"continuing without the engine, by what was started in the slots: {situation.blind}")
    promoting = move_to_end(host, situation)
    if promoting is not None:
        back = _take_back(host, situation, promoting, tag, reason)
        if tag is None or str(tag) == back.tag:
            return back
        situation = look_at_once(host)
    elif tag is None and canary(situation.pointer):
        return leave_canary(host, situation, reason)
    return _from_here(host, situation, tag, reason)


def _from_here(host: Host, situation: Situation, tag: Tag | None, reason: str) -> Moved | None:
    """Reconcile, choose a release and move to it; returns None when it is already live."""
    typed, reconciled = situation, reconcile_from(host, situation)
    situation = reconciled.situation
    if tag is None and typed.live and situation.live != typed.live:
        return _left_already(host, typed, situation)
    again = reconciled.finished is not None and host.proxy.pointer.age() < _TYPED_AGAIN
    if tag is None and again and reconciled.finished and reconciled.finished.kind == "rollback":
        return _as_moved(reconciled.finished, situation)  # repeated because it was interrupted
    target = choose(situation, tag, host.project.versions.retain)
    if situation.live_tag == target.tag:
        if situation.container(situation.live) is None:
            insist_on_names(host)
        heal_live(host, situation)
        return None
    if not host.proxy.is_up():
        bring_up(host, situation)
    move = _move(host, situation, target, reason)
    if not move.warm and situation.blind:
        return _from_here(host, look(host), tag, reason)  # starting a release needs the engine
    _insist_on_finished(situation, target)
    if not move.warm:
        host.ledger.insist()
        insist_on_names(host)
        insist_on_places(host, situation)
        heal_live(host, situation)  # its standby is about to be replaced
    return carry_out(host, move, situation.container(move.slot))


def _insist_on_finished(situation: Situation, target: Retained) -> None:
    """Raise EngineError for a release whose interrupted promote could not be undone."""
    event = unfinished(situation.events)
    if event and event.event == BEGUN["promote"] and event.image_id == target.image_id:
        raise EngineError(
            f"{target.tag} is the standby since its promote was interrupted, and is not proved:"
            f" {situation.blind}",
            f"{SILENT}; then relctl rollback",
        )


def _left_already(host: Host, typed: Situation, situation: Situation) -> Moved:
    """Return the result when reconciling alone has moved traffic away from the live release.

    The rollback is then done; going on would lead back.
    """
    situation = heal_live(host, situation)
    return Moved(
        situation.live_tag,
        situation.live,
        typed.live_tag,
        switch_ms=0.0,
        warm=True,
        standby=situation.tag(situation.idle),
    )


def _take_back(host: Host, situation: Situation, promoting: Move, tag: Tag | None, reason: str) -> Moved:
    """Abort a running promote; first raises UsageError for a tag that cannot be rolled back to."""
    if tag is not None and str(tag) != situation.tag(promoting.source):
        _insist_on_image(host, _named(retained(situation.events, host.project.versions.retain), tag))
    return take_back(host, situation, promoting, reason)


def _as_moved(move: Move, situation: Situation) -> Moved:
    before = situation.tag(move.source)
    return Moved(move.tag, move.slot, before, switch_ms=0.0, warm=move.warm, standby=before)


def choose(situation: Situation, tag: Tag | None, keep: int) -> Retained:
    """Choose the release to roll back to; raises UsageError when there is none."""
    if not situation.live:
        raise UsageError("nothing is live, so there is nothing to roll back", "relctl promote TAG")
    kept, standby = retained(situation.events, keep), _standby(situation)
    if tag is not None:
        return _named([*kept, *standby], tag)
    return standby[0] if standby else _before(kept, situation.live_tag)


def _standby(situation: Situation) -> list[Retained]:
    container = situation.container(situation.idle)
    return [Retained(situation.tag(situation.idle), container.image_id, "")] if container else []


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


def _move(host: Host, situation: Situation, target: Retained, reason: str) -> Move:
    standby = situation.container(situation.idle)
    warm = is_warm(host, standby, target.image_id)
    if not warm:
        _insist_on_image(host, target)
    return Move(
        kind="rollback",
        tag=target.tag,
        image_id=target.image_id,
        slot=situation.idle,
        source=situation.live,
        replaced=standby.image_id if standby else "",
        warm=warm,
        evidence=target.evidence,
        reason=reason,
        previous=situation.live_tag,
    )


def _insist_on_image(host: Host, target: Retained) -> None:
    if host.engine.image(target.image_id) is None:
        raise UsageError(
            f"the image of {target.tag} ({target.image_id[:19]}) is gone from the engine",
            f"git checkout the commit of {target.tag}, then relctl build && relctl verify {target.tag}",
        )
