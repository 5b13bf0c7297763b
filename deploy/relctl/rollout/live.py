"""Find the live image: the reference of a new release."""

from relctl.engine.protocol import Image
from relctl.errors import UsageError
from relctl.rollout.host import Host
from relctl.rollout.situation import SETTLED, look


def live_image(host: Host) -> Image | None:
    """Return the live image, None before the first promote; raises UsageError when the engine lost it."""
    if not any(event.event in SETTLED for event in host.ledger.read().events):
        return None  # before the first promote, what is in the slots may be another checkout's
    situation = look(host)
    container = situation.container(situation.live)
    identity = container.image_id if container else situation.meant.image_id if situation.meant else ""
    if not identity:
        return None
    image = host.engine.image(identity)
    if image is None:
        raise UsageError(
            f"the live image {identity[:19]} is gone from the engine, so nothing can be compared with it",
            _instead(host, situation.meant.tag if situation.meant else ""),
        )
    return image


def _instead(host: Host, tag: str) -> str:
    """Suggest another reference: another image store has the live release under another id."""
    again = host.engine.image(f"{host.project.versions.image}:{tag}") if tag else None
    if again is not None:
        return f"the engine has {tag} as {again.id[:19]}: relctl verify TAG --against {tag}"
    return "relctl build it again from its commit, or name a release: relctl verify TAG --against TAG"
