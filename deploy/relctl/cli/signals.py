"""How a signal ends a command: as an exception, so that every step on the way out is undone."""

import signal
import time
from types import FrameType

from relctl.state.signals import heeded

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

    for number in heeded():
        signal.signal(number, interrupt)


def heed_no_more() -> None:
    """Let no signal change how a command ends that has nothing left to do.

    Python gives signals back to the system while it closes: the process would die of one, and tell another
    exit code.
    """
    for number in heeded():
        signal.signal(number, signal.SIG_IGN)
