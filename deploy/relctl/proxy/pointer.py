"""The routes of traffic, and the pointer, the symbolic link to the one in use; a switch moves only it."""

import errno
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from relctl.engine.slots import SLOTS, other
from relctl.state.files import make_open, replace_link
from relctl.state.paths import Paths

# Nginx always knows these: an unknown step costs a reload, which may break connections.
USUAL_STEPS = (1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 75, 90)
_CANARY = re.compile(rf"({'|'.join(SLOTS)})-(\d\d)")
NOWHERE = "none"  # a route that the map lacks: Nginx answers 503 with an explanation


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


class Pointer:
    """The link of one service and environment; its targets are the folders below `routes`."""

    def __init__(self, paths: Paths) -> None:
        self._link, self._routes = paths.pointer, paths.routes

    def read(self) -> str:
        """Return the name of the route, "" if the link is missing or leads to no route."""
        leads = self._leads()
        return leads.name if leads and leads.parent.name == self._routes.name else ""

    def age(self) -> float:
        """Return the seconds since it was moved, by the link's mtime."""
        return time.time() - self._link.lstat().st_mtime

    def astray(self) -> str:
        """Return what is wrong with a link that leads to no route, "" if it leads to one."""
        if self.read():
            return ""
        if not self._link.is_symlink():
            return "a folder is in its place" if self._link.is_dir() else self._in_its_place()
        return f"it leads to {self._link.readlink()}, which is {'no route' if self._leads() else 'not there'}"

    def move(self, route: str) -> float:
        """Send all traffic to `route` from the next request on; returns the milliseconds of the move."""
        self.prepare(route)
        self._make_way()
        target = f"{self._routes.name}/{route}"
        try:
            return replace_link(self._link, target)
        except OSError as error:
            if error.errno != errno.ENOSPC or not self._give_up_a_place(route):
                raise
            return replace_link(self._link, target)

    def _give_up_a_place(self, wanted: str) -> bool:
        """Remove the folder of a canary that nobody needs now: on a disk without inodes a link needs its own.

        The next `prepare` of that canary makes it again.
        """
        needed = (wanted, self.read())
        for folder in sorted(self._routes.iterdir(), reverse=True):
            if canary(folder.name) and folder.name not in needed:
                folder.rmdir()
                return True
        return False

    def _leads(self) -> Path | None:
        """Return the link's target as Nginx resolves it, in any form; None if it leads nowhere."""
        try:
            found = self._link.resolve(strict=True)
        except (OSError, RuntimeError):  # missing, dangling, or a circle
            return None
        return found if found.is_dir() else None

    def _in_its_place(self) -> str:
        return "a file is in its place" if self._link.exists() else "it is missing"

    def _make_way(self) -> None:
        """Set aside a folder in the link's place: a link cannot be renamed over it, and Nginx answers 503."""
        if self._link.is_dir() and not self._link.is_symlink():
            self._link.rename(tempfile.mkdtemp(prefix=f"{self._link.name}.set-aside-", dir=self._link.parent))

    def ensure(self) -> None:
        """Create a link to nowhere if there is none, so that Nginx can explain its 503."""
        self.prepare(NOWHERE)
        if not self._link.is_symlink():
            self.move(NOWHERE)

    def prepare(self, route: str) -> None:
        """Create a route's folder, accessible to Nginx's workers whatever the user's umask."""
        make_open(self._link.parent, self._routes, self._routes / route)
