"""The lock of one environment: a kernel lock, released when its holder dies, and a file naming the holder."""

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
from relctl.state.fault_points import effect
from relctl.state.files import make_folder, remove, replace_text
from relctl.state.opening import lock_holder, opened, process_words, read_own, try_lock
from relctl.state.ownership import who

# How a use case holds a lock: `exclusive`, waiting or not, or `only_looking`, which acquires nothing.
Hold = Callable[[Path], AbstractContextManager[None]]

_LOOK = 0.05  # seconds between attempts; too short for a person to notice, cheap for the kernel
_SILENT = 5.0  # seconds between progress messages while waiting


@dataclass
class Wait:
    """How long a command may wait for all its locks, how long it has, and where it reports that.

    `seconds` may be infinite. Time spent holding a lock, or between two locks (an observation), is not
    counted.
    """

    seconds: float
    say: Callable[[str], None]
    waited: float = 0.0


@dataclass(frozen=True)
class Holder:
    """The holder of a lock, as its owner file records it; `since` is RFC 3339."""

    by: str
    pid: int
    command: str
    since: str

    def __str__(self) -> str:
        return f"{self.by} (pid {self.pid}) runs `{self.command}` {age(self.since, datetime.now(UTC))}"


@contextlib.contextmanager
def exclusive(path: Path, wait: Wait | None = None) -> Iterator[None]:
    """Hold the lock at `path`; raises LockedError, naming the holder, if it stays taken.

    Raises FileError if the lock file must not be used.
    """
    make_folder(path.parent)
    with opened(path, os.O_RDWR | os.O_CREAT) as lock:
        with effect("lock.take", path.name):
            _until(lambda: try_lock(lock, fcntl.LOCK_EX), path, wait)
        try:
            with _named(_owner(path)):
                yield
        finally:
            with effect("lock.release", path.name):
                fcntl.flock(lock, fcntl.LOCK_UN)


@contextlib.contextmanager
def _named(owner: Path) -> Iterator[None]:
    """Record the holder of the lock in the file `owner`."""
    try:
        with contextlib.suppress(OSError):  # informational; a full disk must not block a rollback
            replace_text(owner, json.dumps(asdict(_me())) + "\n")
        yield
    finally:
        with contextlib.suppress(OSError):  # else the next holder would briefly appear under our name
            remove(owner, owner.name)


@contextlib.contextmanager
def only_looking(path: Path, wait: Wait | None = None) -> Iterator[None]:
    """Acquire no lock and create no file, but raise LockedError where `exclusive` would."""
    _until(lambda: not at_work(path), path, wait)
    yield


def at_work(path: Path) -> str:
    """Describe the holder of the lock at `path`, "" if none; asks the kernel and never acquires the lock."""
    return _words(path) if lock_holder(path) is not None else ""


def is_held(path: Path) -> bool:
    """Return whether the lock at `path` is held, by trying: /proc is too weak a base for decisions."""
    try:
        with opened(path, os.O_RDONLY) as lock:
            return not try_lock(lock, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def age(since: str, now: datetime) -> str:
    """Describe a duration, `for 3 min 12 s`, or only its start if the clock has gone back since."""
    try:
        seconds = (now - datetime.fromisoformat(since)).total_seconds()
    except (TypeError, ValueError):
        return f"since {since}"
    return f"for {duration(seconds)}" if seconds >= 0 else f"since {since} (the clock went back)"


def duration(seconds: float) -> str:
    """Format seconds: `12 s`, `3 min 12 s`, `2 h 5 min`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _until(free: Callable[[], bool], path: Path, wait: Wait | None) -> None:
    """Return once `free`; raises LockedError on timeout, or at once without `wait`."""
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
    """Describe the holder of the lock; the owner file is informational, so a missing one is no error.

    The file may still name the previous holder, so its pid must match the kernel's.
    """
    pid, found = lock_holder(path), _read(path)
    if found is not None and pid in (found.pid, None):
        return str(found)
    return (
        f"{process_words(pid)}, whose owner file cannot be read" if pid else "its owner file cannot be read"
    )


def _identity(path: Path) -> str:
    """Return a text that changes with the holder of the lock, and not with time."""
    found = _read(path)
    return f"{lock_holder(path)} {found.pid if found else ''}"


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(read_own(_owner(path))))
    except (OSError, ValueError, TypeError):
        return None


class ReleasableLock:
    """A command's hold on its environment's lock; `again` re-acquires it after a release."""

    def __init__(self, again: Hold) -> None:
        self._again = again
        self._path = Path()
        self._held: contextlib.ExitStack | None = None

    @property
    def held(self) -> bool:
        """Return whether the lock is held now; without it nothing may be undone."""
        return self._held is not None

    @contextlib.contextmanager
    def taken(self, path: Path, hold: Hold) -> Iterator[None]:
        """Hold the lock at `path`; raises LockedError as `hold` does."""
        self._path = path
        self._take(hold)
        try:
            yield
        finally:
            self._let_go()

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """Release the lock during the block; afterwards wait for it without a limit."""
        self._let_go()
        try:
            yield
        finally:
            self._take(self._again)

    def _take(self, hold: Hold) -> None:
        held = contextlib.ExitStack()
        held.enter_context(hold(self._path))
        self._held = held

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.close()
