"""Replacing files so that a reader, or a crash, finds the old or the new one and never a half."""

import contextlib
import os
import tempfile
import time
from pathlib import Path


def replace_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write `text` to `path`: temporary file, fsync, rename, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException as error:
        name_file(error, path)
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    sync_folder(path.parent)


def name_file(error: BaseException, path: Path) -> None:
    """Let an error of the system name its file: a full disk is reported of a number, not of a name."""
    if isinstance(error, OSError) and error.filename is None:
        error.filename = str(path)


def replace_link(link: Path, target: str) -> float:
    """Point the symbolic link at `target` by rename(2): it is never missing, not for an instant.

    Returns the milliseconds of the rename alone; the fsync that makes it survive a power cut follows.
    """
    new = link.with_name(f".{link.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()  # left by a process of the same number that was killed between the two calls
    new.symlink_to(target)
    started = time.perf_counter()
    new.replace(link)
    milliseconds = (time.perf_counter() - started) * 1000
    sync_folder(link.parent)
    return milliseconds


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
