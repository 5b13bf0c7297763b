"""Remove the releases that retention does not keep, with their evidence and layers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from relctl.engine.labels import SERVICE, TAG
from relctl.engine.leases import Names, hold_image, let_go, names, shares_state
from relctl.engine.protocol import Image
from relctl.errors import EngineError, RelctlError, words_of
from relctl.rollout.abort import observed_promote
from relctl.rollout.host import Host
from relctl.rollout.locking import exclusive
from relctl.rollout.reconcile import reconcile_from
from relctl.rollout.retention import Decision, Release, decide, needed, used_by
from relctl.rollout.snapshot import Snapshot, take_snapshot
from relctl.state.event import Event
from relctl.state.history import remembered


@dataclass(frozen=True)
class Kept:
    """A release that stays, and why."""

    tag: str
    why: str


@dataclass(frozen=True)
class Pruned:
    """What `relctl prune` did, or would do."""

    removed: list[str]
    kept: list[Kept]

    @classmethod
    def of(cls, decisions: Sequence[Decision]) -> "Pruned":
        """Summarise decisions; an image that was only let go still exists."""
        removed = [each.release.tag for each in decisions if each.action == "remove"]
        return cls(
            removed, [Kept(each.release.tag, each.why) for each in decisions if each.action != "remove"]
        )


def prune(host: Host) -> Pruned:
    """Remove what nothing keeps; raises LockedError while another relctl is at work here."""
    with exclusive(host):
        snapshot = take_snapshot(host)
        if not observed_promote(host, snapshot):
            snapshot = reconcile_from(host, snapshot).snapshot
        return _carry_out(host, snapshot)


def prune_after_promote(host: Host) -> None:
    """Prune under the lock already held; a failure is reported and does not affect the promote."""
    try:
        _carry_out(host, take_snapshot(host))
    except (RelctlError, OSError) as error:
        host.say(f"old releases were not pruned: {words_of(error)}; relctl prune tries again")


def _carry_out(host: Host, snapshot: Snapshot) -> Pruned:
    done = [_act(host, decision) for decision in _decisions(host, snapshot)]
    _forget_layers(host, [each.release.image for each in done if each.action in ("let go", "remove")])
    return Pruned.of(done)


def _decisions(host: Host, snapshot: Snapshot) -> list[Decision]:
    versions = host.project.versions
    needs = needed(snapshot, versions.retain)
    used = used_by(host.engine.containers({SERVICE: versions.service}))  # containers inherit image labels
    images = host.engine.images(f"{SERVICE}={versions.service}")
    return [decide(each, needs, used) for each in _releases(host, snapshot, images)]


def _releases(host: Host, snapshot: Snapshot, images: Sequence[Image]) -> list[Release]:
    """Return the releases in the ledger, newest first, then other images of the engine."""
    here = {image.id: image for image in images}
    known = {event.image_id: event.tag for event in remembered(snapshot.events) if event.image_id}
    strange = {image.id: image.labels.get(TAG, "") for image in images if image.id not in known}
    return [
        Release(tag, image_id, image_id in known, here.get(image_id), _names(host, here.get(image_id)))
        for image_id, tag in (known | dict(sorted(strange.items(), key=lambda item: item[1]))).items()
    ]


def _names(host: Host, image: Image | None) -> Names:
    return names(host.project, image) if image else Names()


def _act(host: Host, decision: Decision) -> Decision:
    """Carry out a decision and return its result: the engine may refuse, others may let go meanwhile."""
    release = decision.release
    if decision.action == "keep" and release.known and release.image:
        hold_image(
            host.project, host.engine, release.image, release.tag
        )  # its name may have been removed manually
    if decision.action in ("keep", "leave"):
        return decision
    host.steps.reach_for_good(
        "prune", f"give up {release.tag}: {decision.why}", "its commit makes it again: relctl build"
    )
    try:
        left = let_go(host.project, host.engine, release.image) if release.image else None
    except EngineError as error:
        return replace(decision, action="keep", why=f"the engine does not remove it: {error}")
    _write_off(host, release, left or Names())
    if left:
        return replace(decision, action="let go", why=left.holders)
    return replace(decision, action="remove")


def _write_off(host: Host, release: Release, left: Names) -> None:
    """Record the release as pruned; remove its evidence unless another environment needs it."""
    if not any(shares_state(host.project, name) for name in left.others):
        host.evidence.remove(release.image_id)
    words = f"no longer needed here; {left.holders}" if left.others else "removed"
    host.ledger.append(Event("pruned", tag=release.tag, image_id=release.image_id, reason=words))
    host.say(f"pruned {release.tag}: {words}")


def _forget_layers(host: Host, gone: Sequence[Image | None]) -> None:
    """Remove layers that no remaining image uses from the build cache; the engine keeps its own copies."""
    layers = {image.id: image.layers for image in gone if image}
    if layers:
        others = (image for image in host.engine.images(SERVICE) if image.id not in layers)
        used = {digest for image in others for digest in image.layers}
        host.forget(host.paths.cache, {digest for each in layers.values() for digest in each} - used)
