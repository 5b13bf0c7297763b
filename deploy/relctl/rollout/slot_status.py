"""What is in a slot, and whether it answers: asked at its own address."""

from dataclasses import dataclass

from relctl.engine.protocol import Container
from relctl.probe.service import Service
from relctl.rollout.host import Host
from relctl.rollout.situation import Situation


@dataclass(frozen=True)
class SlotStatus:
    """What is in one slot; `health` is ready, not ready, paused, stopped or empty."""

    slot: str
    tag: str
    image_id: str
    health: str
    address: str


def slot_status(host: Host, situation: Situation, slot: str) -> SlotStatus:
    """Look at a slot, and ask what is in it."""
    container = situation.container(slot)
    if container is None:
        return SlotStatus(slot, "", "", "empty", "")
    return SlotStatus(
        slot, situation.tag(slot), container.image_id, _health(host, container), container.address
    )


def _health(host: Host, container: Container) -> str:
    if not container.running or not container.address:
        return "paused" if container.paused else "stopped"
    return "ready" if Service(container.address, host.project.versions.contract).is_ready() else "not ready"
