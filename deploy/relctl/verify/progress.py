"""Report the progress of a verification: messages of gates, and signs of life during silence."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SILENT = 5.0  # seconds of silence before a sign of life


class Progress:
    """Passes messages on; while a block is `watched`, breaks a silence every few seconds."""

    def __init__(self, say: Callable[[str], None], silent: float = _SILENT) -> None:
        self._say, self._silent = say, silent
        self._last = time.monotonic()

    def __call__(self, words: str) -> None:
        """Report a message."""
        self._last = time.monotonic()
        self._say(words)

    @contextmanager
    def watched(self, what: str) -> Iterator[None]:
        """Report that `what` still runs, after every silence, until the block ends."""
        over, began = threading.Event(), time.monotonic()
        thread = threading.Thread(target=self._watch, args=(over, what, began))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event, what: str, began: float) -> None:
        while not over.wait(max(self._last + self._silent - time.monotonic(), 0.01)):
            if time.monotonic() - self._last >= self._silent:
                self(f"  {what} runs for {time.monotonic() - began:.0f} s")
