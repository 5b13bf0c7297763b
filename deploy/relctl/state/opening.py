"""Safe opening and locking of state files: no links, no files of other users, no access for other users.

A user who can open a file can hold its kernel lock; a planted link would redirect relctl's writes.
"""

import contextlib
import errno
import fcntl
import os
import shlex
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from relctl.errors import FileError, HeldFileError
from relctl.state.ownership import file_mode, hand_over, is_shared, name_of, share_command

_ALWAYS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # never block on a pipe in its place
_WRITES = os.O_WRONLY | os.O_RDWR
_PAUSES = (0.001, 0.05)  # seconds between attempts, first and longest; most holders only write a line


@contextlib.contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """Open a file like os.open, and correct a mode set by an older relctl or by someone else.

    Raises FileError, with the command that fixes it, for a link, a non-file, or another user's file.
    """
    try:
        descriptor = os.open(path, flags | _ALWAYS, 0o600)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        _insist(descriptor, path, bool(flags & _WRITES))
        yield descriptor
    finally:
        os.close(descriptor)


def read_own(path: Path) -> bytes:
    """Return a file's content; raises FileError as `opened` does, FileNotFoundError if it is missing."""
    with opened(path, os.O_RDONLY) as descriptor, open(descriptor, "rb", closefd=False) as file:
        return file.read()


def _insist(descriptor: int, path: Path, writes: bool) -> None:
    facts, folder = os.fstat(descriptor), path.parent.stat()
    if not stat.S_ISREG(facts.st_mode):
        number = errno.EISDIR if stat.S_ISDIR(facts.st_mode) else errno.EINVAL
        why = os.strerror(number) if number == errno.EISDIR else "it is not a file"
        raise FileError(number, why, path, set_aside(path))
    if not belongs(facts, folder):
        owner = f"{folder.st_uid}:{folder.st_gid}"
        raise FileError(
            errno.EPERM,
            f"it belongs to {name_of(facts.st_uid)} and cannot be trusted",
            path,
            f"look at it; if it is right: sudo chown {owner} {shlex.quote(str(path))}",
        )
    if writes:
        _keep_to_ourselves(descriptor, facts, folder)


def belongs(facts: os.stat_result, folder: os.stat_result) -> bool:
    """Return whether a file belongs to root, us, the folder's owner, or the group that shares the folder."""
    owners = (0, os.geteuid(), folder.st_uid)
    return facts.st_uid in owners or (is_shared(folder) and facts.st_gid == folder.st_gid)


def _keep_to_ourselves(descriptor: int, facts: os.stat_result, folder: os.stat_result) -> None:
    """Give a file the owner and mode that its folder calls for; leave the mode of another user's file."""
    hand_over(descriptor, folder)
    wanted = file_mode(folder)
    if stat.S_IMODE(facts.st_mode) != wanted and os.geteuid() in (0, facts.st_uid):
        os.fchmod(descriptor, wanted)


def _refused(path: Path, error: OSError) -> OSError:
    """Explain why a file could not be opened, where relctl knows a fix."""
    number = error.errno or 0
    if number == errno.ELOOP and path.is_symlink():
        return a_link(path)
    if number == errno.EISDIR:
        return FileError(number, os.strerror(number), path, set_aside(path))
    if number in (errno.EACCES, errno.EPERM):
        why = f"{os.strerror(number)} for {name_of(os.geteuid())}"
        return FileError(number, why, path, f"share it with the group: {share_command(path.parent.parent)}")
    return error


def a_link(path: Path) -> FileError:
    """Return the error for an unexpected symbolic link."""
    why = f"it is a symbolic link, to {path.readlink()}, and relctl follows none here"
    return FileError(errno.ELOOP, why, path, f"if the link is not needed: rm {shlex.quote(str(path))}")


def set_aside(path: Path) -> str:
    """Return the hint with the command that moves an unexpected file out of the way."""
    return f"mv {shlex.quote(str(path))} {shlex.quote(f'{path}.bad')}, then run the command again"


def lock_within(descriptor: int, path: Path, how: int, seconds: float) -> None:
    """Acquire the lock on an open file; raises HeldFileError, naming the holder, on timeout."""
    until, pause = time.monotonic() + seconds, _PAUSES[0]
    while not try_lock(descriptor, how):
        if time.monotonic() >= until:
            raise _held(path, seconds)
        time.sleep(pause)
        pause = min(2 * pause, _PAUSES[1])


def try_lock(descriptor: int, how: int) -> bool:
    """Acquire the lock on an open file if it is free; return whether it was acquired."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_holder(path: Path) -> int | None:
    """Return the pid holding the lock at `path`, None if there is none or the kernel hides it."""
    try:
        inode = path.stat().st_ino
        held = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for kind, _, _, pid, where, *_ in (line.split()[1:] for line in held):
        if kind == "FLOCK" and where.endswith(f":{inode}"):
            return int(pid)
    return None


def process_words(pid: int) -> str:
    """Describe a process: `pid 4711 (python3, of ops)`. Its name is not trustworthy: its user may set it."""
    folder, said = Path("/proc", str(pid)), [f"pid {pid}"]
    with contextlib.suppress(OSError):  # it has just ended
        name = "".join(filter(str.isprintable, (folder / "comm").read_text(errors="replace")))
        said.append(f"({name}, of {name_of(folder.stat().st_uid)})")
    return " ".join(said)


def _held(path: Path, seconds: float) -> HeldFileError:
    pid = lock_holder(path)
    who = process_words(pid) if pid else "another process"
    kill = f"end it: kill {pid}" if pid else f"fuser {path} names it"
    return HeldFileError(
        errno.EWOULDBLOCK,
        f"{who} holds its lock and did not release it within {seconds:g} s",
        path,
        f"if it is not a running relctl, {kill}; then run the command again",
    )
