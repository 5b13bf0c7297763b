"""Report the release in a slot, and whether it answers at its own address."""

from dataclasses import dataclass

from relctl.engine.ended import how_it_ended, out_of_memory
from relctl.engine.protocol import Container
from relctl.rollout.host import Host
from relctl.rollout.situation import Situation


@dataclass(frozen=True)
class SlotStatus:
    """The state of one slot; `health` is ready, not ready, paused, stopped or empty.

    `restarts`: how often the engine restarted its process. `ended`: how the process last ended, "" if it
    never did.
    """

    slot: str
    tag: str
    image_id: str
    health: str
    address: str
    restarts: int = 0
    ended: str = ""


def slot_status(host: Host, situation: Situation, slot: str, within: float) -> SlotStatus:
    """Return the state of a slot; its release has `within` seconds to answer."""
    container = situation.container(slot)
    if container is None:
        return SlotStatus(slot, "", "", "empty", "")
    return SlotStatus(
        slot,
        situation.tag(slot),
        container.image_id,
        _health(host, container, within),
        container.address,
        container.restarts,
        _ended(container),
    )


def _ended(container: Container) -> str:
    if container.running:
        return out_of_memory(container)  # the engine keeps nothing else about a running one
    return "" if container.paused else how_it_ended(container)


def _health(host: Host, container: Container, within: float) -> str:
    if not container.running or not container.address:
        return "paused" if container.paused else "stopped"
    return "ready" if host.service(container).is_ready(within) else "not ready"
