"""Promote a proved release: switch live traffic to it."""

from relctl.engine.labels import TAG
from relctl.engine.leases import hold_image, resolve
from relctl.engine.protocol import Image
from relctl.errors import UsageError
from relctl.observation.window import open_window
from relctl.rollout.admission import Admission, admit
from relctl.rollout.ensure_proxy import ensure_proxy, insist_on_places
from relctl.rollout.forecast import foretell
from relctl.rollout.host import Host
from relctl.rollout.locking import exclusive_unobserved
from relctl.rollout.move import Switch, SwitchResult
from relctl.rollout.prove import is_warm, prove_through_proxy
from relctl.rollout.prune import prune_after_promote
from relctl.rollout.reconcile import reconcile
from relctl.rollout.snapshot import Snapshot
from relctl.rollout.switch import switch_traffic
from relctl.state.steps import LOOKS
from relctl.tag import Tag


def promote(host: Host, tag: Tag, forced: str = "") -> SwitchResult | None:
    """Switch live traffic to `tag`; returns None when it is already live.

    `forced`: why it may take traffic without proof. Ledger and status keep that reason, and what was missing.

    Raises UsageError for an unusable tag. Raises NotProvedError for an image not built here, or without
    passing evidence for exactly that image. Raises RolledBackError when a step failed, or another command
    ended the promote during observation; traffic is as before. Raises LockedError while another release is
    observed here.
    """
    with exclusive_unobserved(host):
        image = _promotable(host, tag)  # first: a tag that cannot be used touches nothing
        now = reconcile(host, wanted=image.id)  # what a crash left is finished or undone
        if now.serves(image):
            _confirm_live(host, now)
            return None
        admission = admit(host, now, tag, image, forced)
        switch = _switch(host, now, tag, image, admission)
        insist_on_places(host, now)
        ensure_proxy(host, now, switch.canary_routes)
        hold_image(host.project, host.engine, image, tag)
        if switch.observe:
            foretell(host, switch.canary)
        result = switch_traffic(host, switch, now.container(switch.to_slot))
        prune_after_promote(host)
        return result


def _promotable(host: Host, tag: Tag) -> Image:
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


def _confirm_live(host: Host, now: Snapshot) -> None:
    """Raise unless the live release answers through Nginx: "already live" must not be a guess."""
    ensure_proxy(host, now)
    words = f"prove through Nginx that {now.live_tag} is live already"
    host.steps.reach_for_good("prove-live", words, LOOKS)
    container = now.container(now.live)
    if container is not None:
        prove_through_proxy(host, container)
    window = open_window(now.history)
    if window is not None:
        host.say(f"the window of {window.tag} is still open: relctl observe continues it")


def _switch(host: Host, now: Snapshot, tag: Tag, image: Image, admission: Admission) -> Switch:
    """Say what is meant: into the idle slot, and observed if there is a previous release to go back to."""
    replaced, policy = now.container(now.idle), host.project.environment.rollout
    return Switch(
        kind="promote",
        tag=str(tag),
        image_id=image.id,
        to_slot=now.idle,
        from_slot=now.live,
        replaced_image_id=replaced.image_id if replaced else "",
        warm=is_warm(host, replaced, image.id),
        evidence=admission.evidence,
        previous_tag=now.live_tag,
        notices=admission.notices,
        canary=policy.canary if now.live else (),
        observe=policy.observe if now.live else 0.0,
        smoke=admission.smoke,
    )
