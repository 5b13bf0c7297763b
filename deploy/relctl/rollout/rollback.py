"""Rollback: give the traffic back to the warm standby, or to any retained release."""

from relctl.errors import UsageError
from relctl.proxy.route import canary
from relctl.release import Tag
from relctl.rollout.alone import alone
from relctl.rollout.host import Host
from relctl.rollout.moving.bring_up import bring_up
from relctl.rollout.moving.carry_out import carry_out
from relctl.rollout.moving.leave_canary import leave_canary
from relctl.rollout.moving.move import Move, Moved
from relctl.rollout.moving.prove import is_warm
from relctl.rollout.moving.reconcile import reconcile_from
from relctl.rollout.moving.repair import heal_live
from relctl.rollout.moving.take_back import move_to_end, take_back
from relctl.rollout.renamed import insist_on_names
from relctl.rollout.retained import Retained, retained
from relctl.rollout.situation import Situation, look


def rollback(host: Host, tag: Tag | None, reason: str = "") -> Moved | None:
    """Give traffic back: without a tag to the standby, with one to that retained release.

    A promote that is watched, or was killed when it had traffic, is taken back first, and without a tag that
    is all; so is leaving a canary that the ledger does not explain. None when `tag` is live already. Raises
    UsageError when there is nothing to go back to, RolledBackError when a step failed and traffic is as
    before. The way to a warm standby needs no ledger: what cannot be read of it is said.
    """
    if tag is None:
        host.ledger.tolerate(host.say)
    with alone(host):
        return roll_back(host, tag, reason)


def roll_back(host: Host, tag: Tag | None, reason: str) -> Moved | None:
    """Do it for who holds the lock."""
    situation = look(host)
    promoting = move_to_end(host, situation)
    if promoting is not None:
        back = _take_back(host, situation, promoting, tag, reason)
        if tag is None or str(tag) == back.tag:
            return back
        situation = look(host)
    elif tag is None and canary(situation.pointer):
        return leave_canary(host, situation, reason)
    return _from_here(host, situation, tag, reason)


def _from_here(host: Host, situation: Situation, tag: Tag | None, reason: str) -> Moved | None:
    """Put in order what was interrupted, choose, and move; None when the release is live already."""
    reconciled = reconcile_from(host, situation)
    situation = reconciled.situation
    if tag is None and reconciled.finished and reconciled.finished.kind == "rollback":
        return _as_moved(reconciled.finished, situation)  # it was typed again because it was interrupted
    target = choose(situation, tag, host.project.versions.retain)
    if situation.live_tag == target.tag:
        if situation.container(situation.live) is None:
            insist_on_names(host)
        heal_live(host, situation)
        return None
    if not host.proxy.is_up():
        bring_up(host, situation)
    move = _move(host, situation, target, reason)
    if not move.warm:
        host.ledger.insist()
        insist_on_names(host)
        heal_live(host, situation)  # its standby is about to be replaced
    return carry_out(host, move)


def _take_back(host: Host, situation: Situation, promoting: Move, tag: Tag | None, reason: str) -> Moved:
    """End a promote that is under way; raises UsageError first for a tag that could not be gone back to."""
    if tag is not None and str(tag) != situation.tag(promoting.source):
        _insist_on_image(host, _named(retained(situation.events, host.project.versions.retain), tag))
    return take_back(host, situation, promoting, reason)


def _as_moved(move: Move, situation: Situation) -> Moved:
    before = situation.tag(move.source)
    return Moved(move.tag, move.slot, before, switch_ms=0.0, warm=move.warm, standby=before)


def choose(situation: Situation, tag: Tag | None, keep: int) -> Retained:
    """Decide which release to go back to; raises UsageError when it cannot be done."""
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
    """Return what was promoted before live; never what was promoted after it, and left again."""
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
    known = ", ".join(release.tag for release in kept) or "none yet"
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
