"""Waiting between two looks: a signal ends it at once, and another size of the terminal is noticed."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator


class Pause:
    """A wait of `seconds`; `signals` becomes readable whenever a signal has arrived."""

    def __init__(self, seconds: float, signals: int) -> None:
        self.seconds, self._signals = seconds, signals

    def wait(self, resized: Callable[[], None] = lambda: None) -> None:
        """Wait; call `resized` each time that the terminal has got another size."""
        deadline = time.monotonic() + self.seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._signals], [], [], left)[0]:
                os.read(self._signals, 4096)
                resized()  # any other signal than that has raised its exception before


@contextlib.contextmanager
def pauses(seconds: float) -> Iterator[Pause]:
    """Let signals wake a wait through a pipe: one that comes just before a sleep begins does not end it."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = signal.signal(signal.SIGWINCH, lambda *_: None)  # one that is ignored would not wake
    try:
        yield Pause(seconds, reading)
    finally:
        signal.signal(signal.SIGWINCH, before)
        signal.set_wakeup_fd(woken)
        os.close(reading)
        os.close(writing)
