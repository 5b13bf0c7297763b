"""What the running Nginx is known to have read: its file alone does not tell, relctl may have been killed."""

import hashlib
from pathlib import Path

from relctl.state.files import remove, replace_text


class Applied:
    """The mark beside the configuration: the SHA-256 of the text that Nginx took, after it took it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "applied.sha256"

    def holds(self, text: str) -> bool:
        """Tell whether Nginx is known to run with `text`."""
        try:
            return self._path.read_text(encoding="utf-8") == _checksum(text)
        except FileNotFoundError:
            return False

    def forget(self) -> None:
        """Call before anything changes: if it is cut short, nobody knows and the next apply does it again."""
        remove(self._path, self._path.name)

    def record(self, text: str) -> None:
        """Call once Nginx has confirmed that it runs with `text`."""
        replace_text(self._path, _checksum(text))


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() + "\n"
