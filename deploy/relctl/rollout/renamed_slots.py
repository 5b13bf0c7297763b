"""Find slot containers that were renamed manually: they still occupy their slot's address."""

from dataclasses import dataclass

from relctl.engine.labels import SLOT
from relctl.engine.protocol import Container
from relctl.engine.slots import SLOTS, labels, slot_container
from relctl.errors import NeedsPersonError
from relctl.rollout.host import Host


@dataclass(frozen=True)
class Renamed:
    """A slot's container under its current name, and the name it should have."""

    slot: str
    container: Container
    wanted: str

    def __str__(self) -> str:
        return f"{self.container.name} runs as {self.slot}, but was renamed manually"

    @property
    def way_out(self) -> str:
        """Return the command that restores the name."""
        return f"docker rename {self.container.name} {self.wanted}"


def renamed(host: Host, within: float | None = None) -> list[Renamed]:
    """Find renamed containers by their labels, which cannot change; `within`: seconds for each query."""
    engine = host.engine if within is None else host.engine.within(within)
    wanted = {slot: slot_container(host.project, slot) for slot in SLOTS}
    ours = [each for each in engine.containers(labels(host.project, "slot")) if each.running]
    return [
        Renamed(slot, each, wanted[slot])
        for each in ours
        if (slot := each.labels.get(SLOT, "")) in wanted and each.name != wanted[slot]
    ]


def find_by_label(host: Host, slot: str) -> Container | None:
    """Return a running renamed container of a slot, reporting its correct name; None without one."""
    for each in renamed(host):
        if each.slot == slot:
            host.say(f"{each}: {each.way_out}")
            return each.container
    return None


def require_slot_names(host: Host) -> None:
    """Raise NeedsPersonError for the first renamed container, before anything starts in its place."""
    for each in renamed(host):
        raise NeedsPersonError(f"{each}: nothing can be started in {each.slot}", each.way_out)
