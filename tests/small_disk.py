"""A file system of its own for a test, small enough to be filled: a tmpfs, mounted and unmounted here."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = 4096  # bytes; a tmpfs gives room by pages


@dataclass(frozen=True)
class SmallDisk:
    """What is mounted at `root`, and how it is filled and emptied again."""

    root: Path

    @property
    def _ballast(self) -> Path:
        return self.root / "ballast"

    @property
    def free_pages(self) -> int:
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize // PAGE

    def fill(self, leave: int = 0) -> None:
        """Take all room but `leave` pages."""
        with self._ballast.open("ab", buffering=0) as file:
            while self.free_pages > leave:  # another one may take some meanwhile
                with contextlib.suppress(OSError):
                    file.write(b"\0" * PAGE * (self.free_pages - leave))

    def fill_inodes(self) -> None:
        """Take all that a new file, folder or link needs, and leave room in those that are there."""
        folder = self.root / "ballast.d"
        folder.mkdir()
        with contextlib.suppress(OSError):
            for number in range(os.statvfs(self.root).f_favail + 1):
                (folder / str(number)).touch()

    def make_room(self) -> None:
        """Give back what was taken."""
        self._ballast.unlink(missing_ok=True)
        for each in (self.root / "ballast.d").glob("*"):
            each.unlink()
        with contextlib.suppress(FileNotFoundError):
            (self.root / "ballast.d").rmdir()


@contextlib.contextmanager
def small_disk(root: Path, options: str = "size=32m,nr_inodes=400") -> Iterator[SmallDisk]:
    """Mount one at `root`, which is made if it is not there."""
    root.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"{options},mode=755", "tmpfs", str(root)]
    subprocess.run(mount, check=True, timeout=30)
    try:
        yield SmallDisk(root)
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True, timeout=30)
