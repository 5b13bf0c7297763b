"""Rollback: give the traffic back to the warm standby, or to any retained release."""

from relctl.errors import UsageError
from relctl.release import Tag
from relctl.rollout.bring_up import bring_up
from relctl.rollout.host import Host
from relctl.rollout.move import Move, Moved, carry_out
from relctl.rollout.prove import is_warm
from relctl.rollout.reconcile import heal_live, reconcile
from relctl.rollout.retained import Retained, retained
from relctl.rollout.situation import Situation
from relctl.state.lock import exclusive


def rollback(host: Host, tag: Tag | None, reason: str = "") -> Moved | None:
    """Give traffic back: without a tag to the standby, with one to that retained release.

    None when `tag` is live already. Raises UsageError when there is nothing to go back to,
    RolledBackError when a step failed and traffic is as before.
    """
    with exclusive(host.paths.lock):
        reconciled = reconcile(host)
        situation = reconciled.situation
        if tag is None and reconciled.finished and reconciled.finished.kind == "rollback":
            return _as_moved(reconciled.finished)  # it was typed again because it was interrupted
        target = choose(situation, tag, host.project.versions.retain)
        if situation.live_tag == target.tag:
            heal_live(host, situation)
            return None
        if not host.proxy.is_up():
            bring_up(host, situation)
        return carry_out(host, _move(host, situation, target, reason))


def _as_moved(move: Move) -> Moved:
    return Moved(move.tag, move.slot, move.previous, switch_ms=0.0, warm=move.warm)


def choose(situation: Situation, tag: Tag | None, keep: int) -> Retained:
    """Decide which release to go back to; raises UsageError when it cannot be done."""
    if not situation.live:
        raise UsageError("nothing is live, so there is nothing to roll back", "relctl promote TAG")
    kept = retained(situation.events, keep)
    if tag is not None:
        return _named(kept, tag)
    standby = situation.container(situation.idle)
    if standby is not None:
        return Retained(situation.tag(situation.idle), standby.image_id, "", "")
    live = situation.live_tag
    before = next((release for release in kept if release.tag != live), None)
    if before is None:
        raise UsageError(f"{live} is the first release here: there is none before it", "relctl releases")
    return before


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
    if not warm and host.engine.image(target.image_id) is None:
        raise UsageError(
            f"the image of {target.tag} ({target.image_id[:19]}) is gone from the engine",
            f"git checkout the commit of {target.tag}, then relctl build && relctl verify {target.tag}",
        )
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
