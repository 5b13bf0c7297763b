"""Starting a release in a slot once more, or emptying the slot: what undoing and repairing have in common."""

from relctl.engine.protocol import Container
from relctl.engine.slots import slot_container
from relctl.errors import RelctlError
from relctl.rollout.host import Host
from relctl.rollout.moving.prove import start_up
from relctl.rollout.renamed import in_slot


def restore_standby(host: Host, slot: str, image_id: str) -> None:
    """Put back the standby of an undone move, or empty the slot; live serves without it, so it may fail.

    It is started anew even if it seems to run: for a process that was killed, the engine may be stopping it.
    """
    try:
        restore(host, slot, image_id)
    except RelctlError as error:
        host.say(f"the standby does not come back, {slot} stays empty: {error}")
        in_slot(host, slot)  # what a hand renamed has the address still, and is named
        host.engine.remove(slot_container(host.project, slot))


def restore(host: Host, slot: str, image_id: str) -> None:
    """Start an image in a slot again, or empty the slot for ""; raises RelctlError when it does not run."""
    if image_id:
        start_image(host, slot, image_id)
    else:
        host.engine.remove(slot_container(host.project, slot))


def start_image(host: Host, slot: str, image_id: str) -> Container:
    """Start an image in a slot, ready and warm; raises RelctlError when it is gone or does not run."""
    image = host.engine.image(image_id)
    if image is None:
        raise RelctlError(f"image {image_id[:19]} is gone from the engine", "relctl build makes it again")
    return start_up(host, slot, image)
