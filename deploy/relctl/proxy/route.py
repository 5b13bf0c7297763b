"""Routes: what the pointer may lead to, a slot as a whole or a part of the traffic as a canary."""

import re
from dataclasses import dataclass
from pathlib import Path

from relctl.engine.slots import SLOTS, other

# Nginx knows them always: a step that it does not know yet costs a reload, and that may break connections.
USUAL_STEPS = (1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 75, 90)
_CANARY = re.compile(rf"({'|'.join(SLOTS)})-(\d\d)")


@dataclass(frozen=True, order=True)
class Canary:
    """So many percent of the traffic for one slot, the rest for the other; `green-05` is its name."""

    slot: str
    percent: int

    @property
    def name(self) -> str:
        """The name of its folder below routes/, and in the configuration."""
        return f"{self.slot}-{self.percent:02d}"


def canary(route: str) -> Canary | None:
    """Return the canary that a route names, None for any other route."""
    found = _CANARY.fullmatch(route)
    return Canary(found[1], int(found[2])) if found and found[2] != "00" else None


def newcomer(route: str) -> str:
    """The slot that a route sends traffic to first: the whole of it, or as a canary; "" for nowhere."""
    found = canary(route)
    return found.slot if found else route if route in SLOTS else ""


def main_slot(route: str) -> str:
    """The slot that has all traffic, or all but the canary's; "" where none has."""
    found = canary(route)
    return other(found.slot) if found else route if route in SLOTS else ""


def canaries(percents: tuple[int, ...], routes: Path) -> list[Canary]:
    """The canaries that Nginx must know: the usual and the policy's, for both slots, and those with a folder.

    Whatever the pointer may lead to has a folder, and a route that Nginx does not know answers 503.
    """
    made = (canary(folder.name) for folder in routes.glob("*-*"))
    wanted = (Canary(slot, percent) for slot in SLOTS for percent in {*USUAL_STEPS, *percents})
    return sorted({*wanted, *(each for each in made if each is not None)})
