"""Start a release in a slot again, or empty the slot, for undo and repair."""

from relctl.engine.protocol import Container
from relctl.errors import ProxyError, RelctlError
from relctl.rollout.host import Host
from relctl.rollout.moving.prove import start_up
from relctl.rollout.moving.slot import empty
from relctl.rollout.renamed import in_slot


def restore_standby(host: Host, slot: str, image_id: str) -> None:
    """Restore the standby of an undone move, or empty the slot; may fail, as live serves without it.

    The release is started again even if it seems to run: the engine may be stopping it for a killed process.
    """
    try:
        restore(host, slot, image_id)
    except ProxyError as error:
        host.say(f"the standby is back in {slot}, but Nginx does not know its port yet: {error}")
    except RelctlError as error:
        host.say(f"the standby cannot be restarted, {slot} stays empty: {error}")
        in_slot(host, slot)  # report a renamed container: it still has the address
        empty(host, slot)


def restore(host: Host, slot: str, image_id: str) -> None:
    """Start an image in a slot again, or empty the slot for ""; raises RelctlError when it does not run."""
    if image_id:
        start_image(host, slot, image_id)
    else:
        empty(host, slot)


def start_image(host: Host, slot: str, image_id: str) -> Container:
    """Start an image in a slot, ready and warm; raises RelctlError when it is gone or does not run."""
    image = host.engine.image(image_id)
    if image is None:
        raise RelctlError(f"image {image_id[:19]} is gone from the engine", "relctl build makes it again")
    return start_up(host, slot, image)
