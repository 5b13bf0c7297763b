"""The pointer: the symbolic link that says which route takes traffic, and the only thing a switch moves."""

import tempfile
from pathlib import Path

from relctl.state.files import make_open, replace_link
from relctl.state.paths import Paths

NOWHERE = "none"  # a route that the map does not know: Nginx answers 503 in words


class Pointer:
    """The link of one service and environment; its targets are the folders below `routes`."""

    def __init__(self, paths: Paths) -> None:
        self._link, self._routes = paths.pointer, paths.routes

    def read(self) -> str:
        """Return the name of the route, "" when the link is missing or leads to no route."""
        leads = self._leads()
        return leads.name if leads and leads.parent.name == self._routes.name else ""

    def astray(self) -> str:
        """Say what is wrong with a link that leads to no route, "" when it leads to one."""
        if self.read():
            return ""
        if not self._link.is_symlink():
            return "a folder is in its place" if self._link.is_dir() else self._in_its_place()
        return f"it leads to {self._link.readlink()}, which is {'no route' if self._leads() else 'not there'}"

    def move(self, route: str) -> float:
        """Send all traffic to `route` from the next request on; returns the milliseconds of the move."""
        self.prepare(route)
        self._make_way()
        return replace_link(self._link, f"{self._routes.name}/{route}")

    def _leads(self) -> Path | None:
        """Where Nginx gets when it follows the link, in whatever form a hand wrote it; None for nowhere."""
        try:
            found = self._link.resolve(strict=True)
        except (OSError, RuntimeError):  # missing, dangling, or a circle
            return None
        return found if found.is_dir() else None

    def _in_its_place(self) -> str:
        return "a file is in its place" if self._link.exists() else "it is missing"

    def _make_way(self) -> None:
        """Set aside a folder in the link's place: no link can be renamed over it, and Nginx answers 503."""
        if self._link.is_dir() and not self._link.is_symlink():
            self._link.rename(tempfile.mkdtemp(prefix=f"{self._link.name}.set-aside-", dir=self._link.parent))

    def ensure(self) -> None:
        """Make a link to nowhere if there is none, so that Nginx can say so in words."""
        self.prepare(NOWHERE)
        if not self._link.is_symlink():
            self.move(NOWHERE)

    def prepare(self, route: str) -> None:
        """Make the folder of a route; Nginx's workers must get through, whatever the umask of the person."""
        make_open(self._link.parent, self._routes, self._routes / route)
