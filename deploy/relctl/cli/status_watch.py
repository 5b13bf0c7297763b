"""Refresh the status: a screen drawn in place, or repeated lines without a terminal."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from relctl.cli.durations import now
from relctl.cli.output import Speaker, complain, failure, on_terminal, show, show_json
from relctl.cli.status_text import as_json, in_one_line
from relctl.errors import RelctlError
from relctl.state.signals import Interrupted, held_back

if TYPE_CHECKING:
    from rich.live import Live

    from relctl.rollout.status import Status


class Pause:
    """A wait of `seconds`; `signals` becomes readable whenever a signal has arrived."""

    def __init__(self, seconds: float, signals: int) -> None:
        self.seconds, self._signals = seconds, signals

    def wait(self, resized: Callable[[], None] = lambda: None) -> None:
        """Wait; call `resized` after each resize of the terminal."""
        deadline = time.monotonic() + self.seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._signals], [], [], left)[0]:
                os.read(self._signals, 4096)
                resized()  # every other signal has raised its exception already


@contextlib.contextmanager
def pauses(seconds: float) -> Iterator[Pause]:
    """Let signals end a wait through a pipe: a signal just before a plain sleep would not end it."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = signal.signal(signal.SIGWINCH, lambda *_: None)  # an ignored signal would not wake the wait
    try:
        yield Pause(seconds, reading)
    finally:
        signal.signal(signal.SIGWINCH, before)
        signal.set_wakeup_fd(woken)
        os.close(reading)
        os.close(writing)


@dataclass(frozen=True)
class Look:
    """The last status and its time; `trouble`: why there is no newer one."""

    at: datetime
    status: "Status"
    trouble: RelctlError | None = None


def keep_watching(look: "Callable[[], Status]", every: float, speaker: Speaker) -> None:
    """Show the status at intervals until Ctrl-C, which is the normal end (exit code 0).

    A failure of the first read ends the command; later failures are shown.
    """
    show = _lines if speaker.as_json else _screen if on_terminal() else _repeated
    try:
        looks = _looks(Look(now(), look()), look)
        with pauses(every) as pause:
            show(looks, pause)
    except Interrupted as interrupted:
        if interrupted.number != signal.SIGINT:
            raise


def _looks(seen: Look, look: "Callable[[], Status]") -> Iterator[Look]:
    while True:
        yield seen
        try:
            seen = Look(now(), look())
        except RelctlError as error:
            seen = replace(seen, trouble=error)


def _lines(looks: Iterator[Look], pause: Pause) -> None:
    for seen in looks:
        found = failure(seen.trouble) if seen.trouble else as_json(seen.status)
        show_json({"at": now().isoformat(), **found})
        pause.wait()


def _repeated(looks: Iterator[Look], pause: Pause) -> None:
    for seen in looks:
        if seen.trouble:
            complain(seen.trouble)
        else:
            show(f"{seen.at:%Y-%m-%dT%H:%M:%SZ}  {in_one_line(seen.status)}", flush=True)
        pause.wait()


def _screen(looks: Iterator[Look], pause: Pause) -> None:
    from relctl.cli.status_screen import Picture

    with _drawn_in_place() as live:
        for seen in looks:
            live.update(Picture(seen.status, seen.at, pause.seconds, seen.trouble), refresh=True)
            pause.wait(resized=live.refresh)


@contextlib.contextmanager
def _drawn_in_place() -> Iterator["Live"]:
    """Use the alternate screen, which survives a resize; leave the last drawing on the main screen."""
    from rich.live import Live

    from relctl.cli.console import Screen

    screen = Screen()
    live = Live(console=screen, screen=True, auto_refresh=False)
    try:
        live.start()
        yield live
    finally:
        with held_back():  # otherwise a second Ctrl-C could leave the alternate screen on
            last = live.get_renderable()
            live.stop()
            screen.print(last)
