"""Promote a proved release: switch live traffic to it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from relctl.engine.labels import TAG
from relctl.engine.leases import hold_image, resolve
from relctl.engine.protocol import Image
from relctl.engine.slots import network
from relctl.errors import ConfigError, RelctlError, UsageError
from relctl.observation.window import open_window, refused_window
from relctl.proxy.pointer import Canary
from relctl.rollout.admission import insist_on_vouched, proof
from relctl.rollout.ensure_proxy import ensure_proxy
from relctl.rollout.forecast import foretell
from relctl.rollout.host import Host
from relctl.rollout.locking import exclusive_unobserved
from relctl.rollout.move import Move, Moved
from relctl.rollout.prove import is_warm, prove_through_proxy
from relctl.rollout.prune import prune_after_promote
from relctl.rollout.reconcile import heal_live, reconcile
from relctl.rollout.renamed_slots import require_slot_names
from relctl.rollout.snapshot import Snapshot
from relctl.rollout.switch import switch_traffic
from relctl.source.origin import insist_on_origin
from relctl.state.steps import LOOKS
from relctl.tag import Tag

if TYPE_CHECKING:
    from relctl.config.pipeline import Case


def promote(host: Host, tag: Tag, forced: str = "") -> Moved | None:
    """Switch live traffic to `tag`; returns None when it is already live.

    `forced`: why it may take traffic without proof. Ledger and status keep that reason, and what was missing.

    Raises UsageError for an unusable tag. Raises NotProvedError for an image not built here, or without
    passing evidence for exactly that image. Raises RolledBackError when a step failed, or another command
    ended the promote during observation; traffic is as before. Raises LockedError while another release is
    observed here.
    """
    with exclusive_unobserved(host):
        image = _resolve(host, tag)  # first: an unusable tag changes nothing
        snapshot = reconcile(host, image.id).snapshot
        require_slot_names(host)
        snapshot = heal_live(host, snapshot)
        if is_live(snapshot, image):
            ensure_proxy(host, snapshot)
            _prove_live(host, snapshot)
            _tell_of_window(host, snapshot)
            return None
        _tell_of_refusal(host, snapshot)
        evidence, notices = _proof(host, snapshot, tag, image, forced)
        cases = _cases(host, forced)
        host.engine.insist_on_network(network(host.project))
        ensure_proxy(host, snapshot)
        move = replace(_move(host, snapshot, tag, image, evidence, notices), smoke=cases)
        _insist_on_routes(host, move)
        hold_image(host.project, host.engine, image, tag)
        if move.observe:
            foretell(host, move.canary)
        moved = switch_traffic(host, move, snapshot.container(move.slot))
        prune_after_promote(host)
        return moved


def _resolve(host: Host, tag: Tag) -> Image:
    """Return the image of a tag that may be promoted here; raises UsageError."""
    image = resolve(host.project, host.engine, tag)
    if image.labels.get(TAG) != str(tag):
        raise UsageError(
            f"the labels of {tag} say {image.labels.get(TAG)!r}: someone gave an image another name",
            "relctl releases lists the tags of this service",
        )
    if tag.dirty and not host.project.environment.allow_dirty:
        raise UsageError(
            f"{tag} was built from uncommitted changes; environment {host.project.name} takes only commits",
            "commit, then relctl build",
        )
    return image


def is_live(snapshot: Snapshot, image: Image) -> bool:
    """Return whether exactly this image takes traffic now."""
    container = snapshot.container(snapshot.live)
    return container is not None and container.running and container.image_id == image.id


def _prove_live(host: Host, snapshot: Snapshot) -> None:
    """Raise unless the live release answers through Nginx: "already live" must not be a guess."""
    container = snapshot.container(snapshot.live)
    if container is not None:
        host.steps.reach_for_good(
            "prove-live", f"prove through Nginx that {snapshot.live_tag} is live already", LOOKS
        )
        prove_through_proxy(host, container)


def _tell_of_window(host: Host, snapshot: Snapshot) -> None:
    window = open_window(snapshot.events)
    if window is not None:
        host.say(f"the window of {window.tag} is still open: relctl observe continues it")


def _tell_of_refusal(host: Host, snapshot: Snapshot) -> None:
    """Report that the live release was refused, but a killed observe has not returned its traffic."""
    refused = refused_window(snapshot.events)
    if refused is not None:
        host.say(
            f"{snapshot.live_tag} is live though its window refused it ({refused.reason}): this release is"
            f" compared with it and replaces the standby; relctl rollback goes back instead"
        )


def _proof(host: Host, snapshot: Snapshot, tag: Tag, image: Image, forced: str) -> tuple[str, dict[str, Any]]:
    """Return the evidence file, "" if forced, and the notices to keep."""
    live = snapshot.container(snapshot.live)
    try:
        insist_on_origin(host.project, host.paths, image, tag)
        found = proof(host, tag, image, live.image_id if live else "")
        insist_on_vouched(host, tag, found)
    except RelctlError as error:
        if not forced:
            raise
        host.say(f"by force, though {error.message}")
        host.steps.reach_for_good("evidence", f"go on by force, though {error.message}", LOOKS)
        return "", {"forced": forced, "unproved": error.message}
    notices: dict[str, Any] = {"off": found.off} if found.off else {}
    if live and found.reference not in ("", live.image_id):
        notices["compared_with"] = found.reference_tag
    path = host.evidence.path(found.image_id, found.pipeline)
    host.steps.reach_for_good("evidence", f"take {path.name} as the proof of {image.id[:19]}", LOOKS)
    return str(path), notices


def _cases(host: Host, forced: str) -> tuple["Case", ...]:
    """Return the cases to check after the switch; read before traffic moves."""
    try:
        return host.project.pipeline().after_switch
    except ConfigError as error:
        if not forced:
            raise
        host.say(f"no smoke case is sent after the switch: {error.message}")
        return ()


def _insist_on_routes(host: Host, move: Move) -> None:
    """Raise unless Nginx knows the canary routes that the pointer will use: it answers 503 for others."""
    for percent in move.canary:
        route = Canary(move.slot, percent).name
        if not host.proxy.knows(route):
            raise UsageError(
                f"{host.proxy.config} has no route {route}: this project's own template knows no canary",
                "compare nginx/service.conf.j2 with the one that came with relctl; or --canary none",
            )
        host.proxy.pointer.prepare(route)  # else a render during an earlier step would omit it


def _move(
    host: Host, snapshot: Snapshot, tag: Tag, image: Image, evidence: str, notices: dict[str, Any]
) -> Move:
    replaced, policy = snapshot.container(snapshot.idle), host.project.environment.rollout
    return Move(
        kind="promote",
        tag=str(tag),
        image_id=image.id,
        slot=snapshot.idle,
        source=snapshot.live,
        replaced=replaced.image_id if replaced else "",
        warm=is_warm(host, replaced, image.id),
        evidence=evidence,
        previous=snapshot.live_tag,
        notices=notices,
        canary=policy.canary if snapshot.live else (),
        observe=policy.observe if snapshot.live else 0.0,  # without a previous release there is no way back
    )
