"""Deferring signals during work that must not be interrupted halfway."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heeded() -> list[signal.Signals]:
    """Return the signals that end this process, except those it inherited as ignored.

    `nohup` makes it ignore a hangup, and `&` in a script makes it ignore Ctrl-C.
    """
    return [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Defer Ctrl-C, SIGTERM and SIGHUP until the block ends; then raise the first one received."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach only the main thread
        return
    waiting: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)

    before = {number: signal.signal(number, note) for number in heeded()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if waiting:
        signal.raise_signal(waiting[0])
