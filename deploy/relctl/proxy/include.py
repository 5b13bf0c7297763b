"""The file that someone else's Nginx includes: it can be tested only in its place."""

from pathlib import Path

from relctl.config.environment import Proxy as Settings
from relctl.proxy.command import run
from relctl.state.fault import effect
from relctl.state.files import remove, replace_text


class Include:
    """Replaces the include; the text before is kept in `folder`, outside what a `*.conf` would include."""

    def __init__(self, path: Path, folder: Path, settings: Settings) -> None:
        self._path, self._kept, self._settings = path, folder / "include.before", settings

    def replace(self, text: str) -> None:
        """Put `text` in place, test and reload; whatever goes wrong, the text before is put back.

        Killed in between, an untested text stays; the next call knows by the kept one what was good, and
        puts that back if the test fails. Raises ProxyError.
        """
        before = self._keep()
        try:
            replace_text(self._path, text)
            with effect("nginx.test"):
                run(self._settings.test, f"Nginx refuses {self._path}")
            with effect("nginx.reload"):
                run(self._settings.reload, "Nginx does not reload")
        except BaseException:  # Ctrl-C too
            put_back(self._path, before)
            remove(self._kept, self._kept.name)
            raise
        remove(self._kept, self._kept.name)

    def _keep(self) -> str:
        if not self._kept.exists():
            replace_text(self._kept, read(self._path))
        return read(self._kept)


def read(path: Path) -> str:
    """Return the text of a configuration, "" when there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def put_back(path: Path, text: str) -> None:
    """Restore what `read` returned."""
    if text:
        replace_text(path, text)
    else:
        remove(path, path.name)
