"""The lock of one environment: a kernel lock, which dies with its holder, and a file that says who."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from relctl.errors import LockedError
from relctl.state.files import replace_text
from relctl.state.ledger import who


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock at `path`; raises LockedError at once, naming the holder, when it is taken."""
    from filelock import FileLock, Timeout  # imported here: reading commands take no lock

    path.parent.mkdir(parents=True, exist_ok=True)
    owner = path.with_name(f"{path.name}.owner.json")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LockedError(
            f"another relctl is at work here: {_holder(owner)}",
            "wait until it has ended (its lock ends with it), then try again",
        ) from None
    try:
        with contextlib.suppress(OSError):  # only words; a full disk must not keep a rollback from its lock
            replace_text(owner, json.dumps(_me()) + "\n")
        yield
    finally:
        lock.release()


def at_work(path: Path) -> str:
    """Say who holds the lock at `path`, "" when nobody does; asks the kernel, and never takes the lock."""
    try:
        inode = path.stat().st_ino
        held = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return ""
    if not any(line.split()[1] == "FLOCK" and line.split()[5].endswith(f":{inode}") for line in held):
        return ""
    return _holder(path.with_name(f"{path.name}.owner.json"))


def _me() -> dict[str, object]:
    return {
        "by": who(),
        "pid": os.getpid(),
        "command": " ".join(["relctl", *sys.argv[1:]]),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _holder(owner: Path) -> str:
    """Say who holds the lock; the owner file is only words, so a missing one is no error."""
    try:
        found = json.loads(owner.read_text(encoding="utf-8"))
        return f"{found['by']} (pid {found['pid']}) runs `{found['command']}` since {found['since']}"
    except (OSError, ValueError, KeyError):
        return "its owner file cannot be read"
