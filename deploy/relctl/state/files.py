"""Replacing files so that a reader, or a crash, finds the old or the new one and never a half."""

import contextlib
import glob
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, TextIO

from relctl.state.fault import effect

_ENTER = 0o005  # others may list it and go through


class SupportsWrite(Protocol):
    """A file, or what behaves like one."""

    def write(self, content: bytes, /) -> int:
        """Write what there is room for; returns how many bytes that were."""
        ...


def replace_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write `text` to `path`: temporary file, fsync, rename, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_up(path)
    with naming(path):
        descriptor, name = tempfile.mkstemp(prefix=temporary(path), dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                _write(file, text, mode, path.name)
            with effect("file.rename", path.name):
                Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    with effect("folder.sync", path.name):
        sync_folder(path.parent)


def _write(file: TextIO, text: str, mode: int, name: str) -> None:
    with effect("file.write", name):
        file.write(text)
        file.flush()
        os.fchmod(file.fileno(), mode)
    with effect("file.sync", name):
        os.fsync(file.fileno())


def temporary(path: Path) -> str:
    """What the names of temporary files for `path` begin with: `replace_text` clears up by it."""
    return f".{path.name}.{os.getpid()}."


def _clear_up(path: Path) -> None:
    """Remove the temporary files of processes that were killed between write and rename."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.*"):
        pid = left.name.removeprefix(f".{path.name}.").partition(".")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            left.unlink(missing_ok=True)


def remove(path: Path, called: str) -> None:
    """Remove a file that may be gone already; `called` is how a fault names it."""
    with effect("file.remove", called):
        path.unlink(missing_ok=True)


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
    new = link.with_name(f".{link.name}.new")
    with naming(link), contextlib.ExitStack() as litter:
        litter.callback(new.unlink, missing_ok=True)
        new.unlink(missing_ok=True)  # left by a process that was killed between the two calls
        with effect("link.make", link.name):
            new.symlink_to(target)
        with effect("link.rename", link.name):
            started = time.perf_counter()
            new.replace(link)
            milliseconds = (time.perf_counter() - started) * 1000
    with effect("folder.sync", link.name):
        sync_folder(link.parent)
    return milliseconds


def make_open(*folders: Path) -> None:
    """Make folders, outermost first, that everybody may enter, whatever the umask of the person.

    The innermost is opened last: while it is not, a process was killed on the way, and it is done again.
    """
    last = folders[-1]
    if last.is_dir() and last.stat().st_mode & _ENTER == _ENTER:
        return
    with effect("folder.make", last.name):
        last.mkdir(parents=True, exist_ok=True)
    for each in folders:
        with effect("folder.open", each.name):
            each.chmod(0o755)
        sync_folder(each)  # a power cut must not leave a link to a folder that is gone


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
