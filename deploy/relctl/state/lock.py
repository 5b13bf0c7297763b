"""The lock of one environment: a kernel lock, which dies with its holder, and a file that says who."""

import contextlib
import fcntl
import json
import math
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from relctl.errors import LockedError
from relctl.state.fault import effect
from relctl.state.files import remove, replace_text
from relctl.state.person import who

# How a use case holds a lock: `exclusive`, waiting or not, or a look at it that takes nothing.
Hold = Callable[[Path], AbstractContextManager[None]]

_LOOK = 0.05  # seconds between two attempts; a person does not notice it, and the kernel hardly
_SILENT = 5.0  # seconds without a word while waiting, after which one is said


@dataclass
class Wait:
    """How many seconds a command waits for all its locks, how many it has, and where it says for whom.

    Infinite for as long as it takes. What it does while it holds a lock, or between two of them (an
    observation), does not count.
    """

    seconds: float
    say: Callable[[str], None]
    waited: float = 0.0


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as its owner file says: `since` is RFC 3339."""

    by: str
    pid: int
    command: str
    since: str

    def __str__(self) -> str:
        return f"{self.by} (pid {self.pid}) runs `{self.command}` {age(self.since, datetime.now(UTC))}"


@contextlib.contextmanager
def exclusive(path: Path, wait: Wait | None = None) -> Iterator[None]:
    """Hold the lock at `path`; raises LockedError, naming the holder, when it is taken and stays so."""
    from filelock import FileLock, Timeout  # imported here: reading commands take no lock

    path.parent.mkdir(parents=True, exist_ok=True)
    owner, lock = _owner(path), FileLock(path)

    def took() -> bool:
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=0)
        return lock.is_locked

    with effect("lock.take", path.name):
        _until(took, path, wait)
    try:
        with contextlib.suppress(OSError):  # only words; a full disk must not keep a rollback from its lock
            replace_text(owner, json.dumps(asdict(_me())) + "\n")
        yield
    finally:
        with contextlib.suppress(OSError):  # else the next holder would bear our name for a moment
            remove(owner, owner.name)
        with effect("lock.release", path.name):
            lock.release()


@contextlib.contextmanager
def only_looking(path: Path, wait: Wait | None = None) -> Iterator[None]:
    """Take no lock and make no file, but raise LockedError where `exclusive` would."""
    _until(lambda: not at_work(path), path, wait)
    yield


def at_work(path: Path) -> str:
    """Say who holds the lock at `path`, "" when nobody does; asks the kernel, and never takes the lock."""
    return _words(path) if _kernel_holder(path) is not None else ""


def is_held(path: Path) -> bool:
    """Tell whether anybody holds the lock at `path`: by trying, since a decision must not rest on /proc."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def age(since: str, now: datetime) -> str:
    """Say for how long, `for 3 min 12 s`; when the clock has jumped since, only since when."""
    try:
        seconds = (now - datetime.fromisoformat(since)).total_seconds()
    except (TypeError, ValueError):
        return f"since {since}"
    return f"for {duration(seconds)}" if seconds >= 0 else f"since {since} (the clock went back)"


def duration(seconds: float) -> str:
    """Write seconds as people say them: `12 s`, `3 min 12 s`, `2 h 5 min`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _until(free: Callable[[], bool], path: Path, wait: Wait | None) -> None:
    """Come back once it is free; raises LockedError when the time is over, at once without a `wait`."""
    told, said, began = "", 0.0, time.monotonic() - (wait.waited if wait else 0.0)
    while not free():
        if wait is not None:
            wait.waited = time.monotonic() - began
        if wait is None or wait.waited >= wait.seconds:
            raise _locked(path, wait)
        holder = _identity(path)
        if holder != told or time.monotonic() - said >= _SILENT:
            most = f" of {duration(wait.seconds)}" if math.isfinite(wait.seconds) else ""
            wait.say(f"waiting, {duration(wait.waited)}{most}: {_words(path)}")
            told, said = holder, time.monotonic()
        time.sleep(max(min(_LOOK, wait.seconds - wait.waited), 0))


def _locked(path: Path, wait: Wait | None) -> LockedError:
    waited = f" after {duration(wait.seconds)} of waiting" if wait else ""
    return LockedError(
        f"another relctl is at work here{waited}: {_words(path)}",
        "wait until it has ended (its lock ends with it), then try again; --wait 5m waits for you",
    )


def _me() -> Holder:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Holder(who(), os.getpid(), shlex.join(["relctl", *sys.argv[1:]]), since)


def _owner(path: Path) -> Path:
    return path.with_name(f"{path.name}.owner.json")


def _words(path: Path) -> str:
    """Say who holds the lock; the owner file is only words, so a missing one is no error.

    It is another's while a new holder has not written it yet, or could not: the kernel knows the number.
    """
    pid, found = _kernel_holder(path), _read(path)
    if found is not None and pid in (found.pid, None):
        return str(found)
    return f"pid {pid}, whose owner file cannot be read" if pid else "its owner file cannot be read"


def _identity(path: Path) -> str:
    """What changes when another one takes the lock, and not with its age."""
    found = _read(path)
    return f"{_kernel_holder(path)} {found.pid if found else ''}"


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(_owner(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _kernel_holder(path: Path) -> int | None:
    """The process that holds the lock at `path`, None when none does or the kernel does not tell."""
    try:
        inode = path.stat().st_ino
        held = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for kind, _, _, pid, where, *_ in (line.split()[1:] for line in held):
        if kind == "FLOCK" and where.endswith(f":{inode}"):
            return int(pid)
    return None
