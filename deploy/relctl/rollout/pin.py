"""Pin releases: retention keeps them until they are unpinned."""

from relctl.engine.leases import hold_image, resolve
from relctl.errors import UsageError
from relctl.rollout.host import Host
from relctl.rollout.locking import exclusive
from relctl.state.event import Event
from relctl.tag import Tag


def pin(host: Host, tag: Tag, reason: str = "") -> bool:
    """Keep a release regardless of retention; returns False when it is already pinned.

    Raises UsageError for a tag that the engine does not have.
    """
    with exclusive(host):
        image = resolve(host.project, host.engine, tag)
        if host.ledger.read().history.pinned.get(str(tag)) == image.id:
            return False
        host.steps.reach_for_good(
            "pin",
            f"hold the image of {tag}, and write to the ledger that it is pinned",
            "relctl unpin undoes it",
        )
        hold_image(host.project, host.engine, image, tag)
        host.ledger.append(Event("pinned", tag=str(tag), image_id=image.id, reason=reason))
        return True


def unpin(host: Host, tag: Tag, reason: str = "") -> None:
    """Remove a pin, even if the image is gone; raises UsageError if the tag is not pinned."""
    with exclusive(host):
        pins = host.ledger.read().history.pinned
        if str(tag) not in pins:
            known = ", ".join(pins) or "nothing"
            raise UsageError(
                f"{tag} is not pinned in {host.project.name}; pinned: {known}", "relctl releases"
            )
        host.steps.reach_for_good(
            "unpin",
            f"write to the ledger that {tag} is not pinned any more",
            "relctl pin undoes it",
        )
        host.ledger.append(Event("unpinned", tag=str(tag), image_id=pins[str(tag)], reason=reason))
