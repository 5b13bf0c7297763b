"""Kernel file locks: acquiring one within a time limit, and naming the process that holds it."""

import contextlib
import errno
import fcntl
import time
from pathlib import Path

from relctl.errors import HeldFileError
from relctl.state.ownership import name_of

_PAUSES = (0.001, 0.05)  # seconds between attempts, first and longest; most holders only write a line


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
