"""Record which configuration Nginx runs: the file alone does not show it, if relctl was killed."""

import hashlib
from pathlib import Path

from relctl.state.files import remove, replace_text


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
