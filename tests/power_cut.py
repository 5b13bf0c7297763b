"""A disk that keeps what was synced and nothing else: what a power cut would leave of it."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest


class Disk:
    """Stands in for fsync; `torn` names what was renamed into place before its content was safe.

    A file system may keep a rename and lose what the file held, so the content has to be synced first.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.torn: list[str] = []
        self._contents: dict[int, bytes] = {}  # by inode
        self._folders: dict[int, dict[str, int | str]] = {}  # by inode: inodes, or where a link leads
        monkeypatch.setattr(os, "fsync", self._synced)
        for name in ("replace", "rename"):
            monkeypatch.setattr(os, name, self._watched(getattr(os, name)))

    def left(self, path: Path) -> str | None:
        """What a power cut leaves under a name: a text, or where a link leads; None for nothing."""
        found = self._folders.get(path.parent.stat().st_ino, {}).get(path.name)
        return self._contents.get(found, b"").decode() if isinstance(found, int) else found

    def keeps_folder(self, path: Path) -> bool:
        """Tell whether a folder is still there after a power cut, under its name."""
        return self._folders.get(path.parent.stat().st_ino, {}).get(path.name) == path.stat().st_ino

    def _synced(self, descriptor: int) -> None:
        facts, path = os.fstat(descriptor), Path(f"/proc/self/fd/{descriptor}")
        if stat.S_ISDIR(facts.st_mode):
            self._folders[facts.st_ino] = {each.name: _identity(each) for each in path.iterdir()}
        else:
            self._contents[facts.st_ino] = path.read_bytes()

    def _watched(self, move: Callable[..., None]) -> Callable[..., None]:
        def watched(old: str | Path, new: str | Path) -> None:
            path = Path(old)
            if path.is_file() and not path.is_symlink():
                safe = self._contents.get(path.stat().st_ino)
                self.torn += [] if safe == path.read_bytes() else [Path(new).name]
            move(old, new)

        return watched


def _identity(path: Path) -> int | str:
    return str(path.readlink()) if path.is_symlink() else path.stat().st_ino
