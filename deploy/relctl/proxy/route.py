"""Define the routes of the pointer: a whole slot, or a canary's share; Nginx's template splits by them."""

import re
from dataclasses import dataclass
from pathlib import Path

from relctl.engine.slots import SLOTS, other

# Nginx always knows these: an unknown step costs a reload, which may break connections.
USUAL_STEPS = (1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 75, 90)
_CANARY = re.compile(rf"({'|'.join(SLOTS)})-(\d\d)")


@dataclass(frozen=True, order=True)
class Canary:
    """A share of the traffic for one slot, the rest for the other; its name is like `green-05`."""

    slot: str
    percent: int

    @property
    def name(self) -> str:
        """Return the name of its folder below routes/ and in the configuration."""
        return f"{self.slot}-{self.percent:02d}"


def canary(route: str) -> Canary | None:
    """Return the canary that a route names, None for any other route."""
    found = _CANARY.fullmatch(route)
    return Canary(found[1], int(found[2])) if found and found[2] != "00" else None


def newcomer(route: str) -> str:
    """Return the slot that a route favours: its only slot, or its canary; "" for nowhere."""
    found = canary(route)
    return found.slot if found else route if route in SLOTS else ""


def main_slot(route: str) -> str:
    """Return the slot with all traffic, or all but the canary's; "" for nowhere."""
    found = canary(route)
    return other(found.slot) if found else route if route in SLOTS else ""


def canaries(percents: tuple[int, ...], routes: Path) -> list[Canary]:
    """Return the canaries that Nginx must know: usual and configured ones, and those with a folder.

    Every route that the pointer may lead to has a folder; Nginx answers 503 for a route it does not know.
    """
    made = (canary(folder.name) for folder in routes.glob("*-*"))
    wanted = (Canary(slot, percent) for slot in SLOTS for percent in {*USUAL_STEPS, *percents})
    return sorted({*wanted, *(each for each in made if each is not None)})
