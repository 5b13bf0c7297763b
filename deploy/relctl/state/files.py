"""Replacing files so that a reader, or a crash, finds the old or the new one and never a half."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class SupportsWrite(Protocol):
    """A file, or what behaves like one."""

    def write(self, content: bytes, /) -> int:
        """Write what there is room for; returns how many bytes that were."""
        ...


def replace_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write `text` to `path`: temporary file, fsync, rename, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path):
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
    sync_folder(path.parent)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the system name this file: of a full disk it names none, or a temporary one."""
    try:
        yield
    except OSError as error:
        named = [Path(each).parent for each in (error.filename, error.filename2) if isinstance(each, str)]
        if not named or path.parent in named:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def write_all(file: SupportsWrite, content: bytes) -> None:
    """Write to an unbuffered file: of a disk that is nearly full a part is taken, and the rest refused."""
    while content:
        content = content[file.write(content) :]


def replace_link(link: Path, target: str) -> float:
    """Point the symbolic link at `target` by rename(2): it is never missing, not for an instant.

    Returns the milliseconds of the rename alone; the fsync that makes it survive a power cut follows.
    """
    new = link.with_name(f".{link.name}.{os.getpid()}")
    with naming(link), contextlib.ExitStack() as litter:
        litter.callback(new.unlink, missing_ok=True)
        new.unlink(missing_ok=True)  # of a process of the same number that was killed between the two calls
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
