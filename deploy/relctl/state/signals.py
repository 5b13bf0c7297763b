"""Deferring signals during work that must not be interrupted halfway."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAME_WISH = 0.25  # seconds


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


class Interrupted(BaseException):
    """A person, or the system, asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.exit_code = 128 + number


def end_by_signals() -> None:
    """Let Ctrl-C, SIGTERM and SIGHUP end the command by raising Interrupted.

    What comes right behind it is the same wish, of a terminal and a supervisor at once say: raised again, it
    would end the undoing before that can hold signals back.
    """
    raised = -_SAME_WISH

    def interrupt(number: int, _frame: FrameType | None) -> None:
        nonlocal raised
        if time.monotonic() - raised >= _SAME_WISH:
            raised = time.monotonic()
            raise Interrupted(number)

    for number in heeded():
        signal.signal(number, interrupt)


def heed_no_more() -> None:
    """Let no signal change how a command ends that has nothing left to do.

    Python gives signals back to the system while it closes: the process would die of one, and tell another
    exit code.
    """
    for number in heeded():
        signal.signal(number, signal.SIG_IGN)
