"""Keep the file of Nginx's configuration: which one runs, and the file that an external Nginx includes."""

import hashlib
from pathlib import Path

from relctl.config.environment import Proxy as Settings
from relctl.proxy.nginx import run
from relctl.state.fault_points import effect
from relctl.state.files import remove, replace_text

_FOR_ALL = 0o644  # it lies among the external Nginx's files, not in the state directory


class Applied:
    """The record beside the configuration: the SHA-256 of the text that Nginx accepted."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "applied.sha256"

    def holds(self, text: str) -> bool:
        """Return whether Nginx is known to run with `text`."""
        try:
            return self._path.read_text(encoding="utf-8", errors="replace") == _checksum(text)
        except FileNotFoundError:
            return False

    def forget(self) -> None:
        """Remove the record before anything changes: if interrupted, the next apply repeats the change."""
        remove(self._path, self._path.name)

    def record(self, text: str) -> None:
        """Record `text` once Nginx has confirmed that it runs with it."""
        replace_text(self._path, _checksum(text))


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() + "\n"


class Include:
    """Replaces the include; the previous text is kept in `folder`, where no `*.conf` includes it."""

    def __init__(self, path: Path, folder: Path, settings: Settings) -> None:
        self._path, self._kept, self._settings = path, folder / "include.before", settings

    def replace(self, text: str) -> None:
        """Write `text`, test and reload; on any failure the previous text is restored.

        If killed in between, an untested text stays. The next call finds the last good text in the kept file
        and restores it if the test fails. Raises ProxyError.
        """
        before = self._keep()
        try:
            replace_text(self._path, text, _FOR_ALL)
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
    """Return the text of a configuration, "" if there is none; damaged bytes are replaced."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def put_back(path: Path, text: str) -> None:
    """Restore what `read` returned."""
    if text:
        replace_text(path, text, _FOR_ALL)
    else:
        remove(path, path.name)
