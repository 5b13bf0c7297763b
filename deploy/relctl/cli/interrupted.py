"""How a signal ends a command: as an exception, so that every step on the way out is undone."""

import signal
import time
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAME_WISH = 0.25  # seconds


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

    for number in _SIGNALS:
        signal.signal(number, interrupt)
