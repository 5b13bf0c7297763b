"""A lock that can be released during an observation and re-acquired before acting."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from relctl.state.lock import Hold


class Turn:
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
