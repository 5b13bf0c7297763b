"""Slot containers that a hand has renamed: they still have their slot's address, which no other can take."""

from dataclasses import dataclass

from relctl.engine.protocol import Container
from relctl.engine.slots import SLOT, SLOTS, labels, slot_container
from relctl.errors import NeedsPersonError
from relctl.rollout.host import Host


@dataclass(frozen=True)
class Renamed:
    """The container of a slot as it is called now, and as it should be."""

    slot: str
    container: Container
    wanted: str

    def __str__(self) -> str:
        return f"{self.container.name} runs as {self.slot} under a name that a hand gave it"

    @property
    def way_out(self) -> str:
        """The command that puts it in order."""
        return f"docker rename {self.container.name} {self.wanted}"


def renamed(host: Host) -> list[Renamed]:
    """Find them by their labels, which no hand can change."""
    wanted = {slot: slot_container(host.project, slot) for slot in SLOTS}
    ours = [each for each in host.engine.containers(labels(host.project, "slot")) if each.running]
    return [
        Renamed(slot, each, wanted[slot])
        for each in ours
        if (slot := each.labels.get(SLOT, "")) in wanted and each.name != wanted[slot]
    ]


def in_slot(host: Host, slot: str) -> Container | None:
    """Return what runs at the address of a slot that is empty by name, and say what it should be called."""
    for each in renamed(host):
        if each.slot == slot:
            host.say(f"{each}: {each.way_out}")
            return each.container
    return None


def insist_on_names(host: Host) -> None:
    """Raise NeedsPersonError for the first of them, before anything is started in its place."""
    for each in renamed(host):
        raise NeedsPersonError(f"{each}: nothing can be started in {each.slot}", each.way_out)
