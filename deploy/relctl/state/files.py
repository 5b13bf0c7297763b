"""Atomic file replacement: readers and crashes see the old or the new content, never a part."""

import contextlib
import glob
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TextIO

from relctl.errors import FileError
from relctl.state.fault_points import effect
from relctl.state.ownership import file_mode, folder_mode, hand_over, is_shared

_ENTER = 0o005  # other users may list and enter it


def replace_text(path: Path, text: str, mode: int | None = None) -> None:
    """Write `text` to `path`: temporary file, fsync, rename, fsync of the folder.

    Without `mode`, the file gets the permissions its folder calls for, as all state files do.
    """
    make_folder(path.parent)
    _clear_up(path)
    with naming(path):
        descriptor, name = tempfile.mkstemp(prefix=temporary(path), dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                _write(file, text, mode, path)
            with effect("file.rename", path.name):
                Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    with effect("folder.sync", path.name):
        sync_folder(path.parent)


def _write(file: TextIO, text: str, mode: int | None, path: Path) -> None:
    folder = path.parent.stat()
    with effect("file.write", path.name):
        file.write(text)
        file.flush()
        hand_over(file.fileno(), folder)
        os.fchmod(file.fileno(), file_mode(folder) if mode is None else mode)
    with effect("file.sync", path.name):
        os.fsync(file.fileno())


def temporary(path: Path) -> str:
    """Return the prefix of temporary file names for `path`, by which `replace_text` finds leftovers."""
    return f".{path.name}.{os.getpid()}."


def _clear_up(path: Path) -> None:
    """Remove temporary files of processes that were killed between write and rename."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.*"):
        pid = left.name.removeprefix(f".{path.name}.").partition(".")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            left.unlink(missing_ok=True)


def remove(path: Path, called: str) -> None:
    """Remove a file that may already be gone; `called` is its name in fault points."""
    with effect("file.remove", called):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name `path` in OS errors: on a full disk they name no file, or only a temporary one."""
    try:
        yield
    except FileError:  # it already names its file and has a hint
        raise
    except OSError as error:
        named = [Path(each).parent for each in (error.filename, error.filename2) if isinstance(each, str)]
        if not named or path.parent in named:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def write_all(file: IO[bytes], content: bytes) -> None:
    """Write everything to an unbuffered file: a nearly full disk accepts only part of one write."""
    while content:
        content = content[file.write(content) :]


def replace_link(link: Path, target: str) -> float:
    """Repoint the symbolic link to `target` by rename(2), so that the link exists at every moment.

    Returns the duration of the rename in milliseconds. The fsync for power cuts follows and is not included.
    """
    new = link.with_name(f".{link.name}.new")
    with naming(link), contextlib.ExitStack() as litter:
        litter.callback(new.unlink, missing_ok=True)
        new.unlink(missing_ok=True)  # left by a process killed between the two calls
        with effect("link.make", link.name):
            new.symlink_to(target)
        with effect("link.rename", link.name):
            started = time.perf_counter()
            new.replace(link)
            milliseconds = (time.perf_counter() - started) * 1000
    with effect("folder.sync", link.name):
        sync_folder(link.parent)
    return milliseconds


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents, synced so that a power cut does not lose them.

    Each gets the owner and sharing of its parent; no other user may write to it.
    """
    missing = [each for each in (folder, *folder.parents) if not each.is_dir()]
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another relctl was first
            each.mkdir()
            _agree(each)
    for each in missing:
        with contextlib.suppress(PermissionError):  # a folder that can be written to but not listed
            sync_folder(each.parent)


def _agree(folder: Path) -> None:
    """Give a new folder its parent's owner and, if the parent is shared, its mode."""
    parent, descriptor = folder.parent.stat(), os.open(folder, os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        hand_over(descriptor, parent)
        masked = stat.S_IMODE(os.fstat(descriptor).st_mode) & ~0o022  # regardless of the user's umask
        os.fchmod(descriptor, folder_mode(parent) if is_shared(parent) else masked)
    finally:
        os.close(descriptor)


def make_open(*folders: Path) -> None:
    """Create folders, outermost first, that every user may enter, regardless of the umask.

    The innermost is opened last. If it is not open, an earlier process was killed, and the work is repeated.
    """
    last = folders[-1]
    if last.is_dir() and last.stat().st_mode & _ENTER == _ENTER:
        return
    with effect("folder.make", last.name):
        make_folder(last)
    for each in folders:
        with effect("folder.open", each.name):
            wanted = folder_mode(each.parent.stat())
            if stat.S_IMODE(each.stat().st_mode) != wanted:  # if right, it may be a group member's
                each.chmod(wanted)
        sync_folder(each)  # a power cut must not leave a link to a missing folder


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
