"""The pointer: the symbolic link that says which route takes traffic, and the only thing a switch moves."""

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
        try:
            target = self._link.readlink()
        except OSError:
            return ""
        leads = target.parent == Path(self._routes.name) and (self._routes / target.name).is_dir()
        return target.name if leads else ""

    def move(self, route: str) -> float:
        """Send all traffic to `route` from the next request on; returns the milliseconds of the move."""
        self.prepare(route)
        return replace_link(self._link, f"{self._routes.name}/{route}")

    def ensure(self) -> None:
        """Make a link to nowhere if there is none, so that Nginx can say so in words."""
        self.prepare(NOWHERE)
        if not self._link.is_symlink():
            self.move(NOWHERE)

    def prepare(self, route: str) -> None:
        """Make the folder of a route; Nginx's workers must get through, whatever the umask of the person."""
        make_open(self._link.parent, self._routes, self._routes / route)
