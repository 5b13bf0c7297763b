"""When a symbolic link changed, seen from beside the command that changes it."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_LOOK = 0.001  # seconds


class Change(NamedTuple):
    """The link was the old one at `before` still, and the new one at `after`, on the monotonic clock."""

    before: float
    after: float


@contextlib.contextmanager
def changes_of(link: Path) -> Iterator[list[Change]]:
    """Look at the link every millisecond during the block; all changes are in the list after it."""
    found: list[Change] = []
    over = threading.Event()
    watching = threading.Thread(target=_watch, args=(link, over, found), daemon=True)
    watching.start()
    try:
        yield found
    finally:
        over.set()
        watching.join()


def _watch(link: Path, over: threading.Event, found: list[Change]) -> None:
    seen, at, last = link.readlink(), time.monotonic(), False
    while not last:
        last = over.wait(_LOOK)  # one look more, for what changed in the last millisecond
        began = time.monotonic()
        target = link.readlink()
        if target != seen:
            found.append(Change(at, time.monotonic()))
        seen, at = target, began
