"""Looking again and again: a screen that is drawn in place, or repeated output where there is none."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from relctl.cli.interrupted import Interrupted
from relctl.cli.pause import Pause, pauses
from relctl.cli.speak import Speaker, complain, failure, on_terminal, show, show_json
from relctl.cli.status_words import as_json, in_one_line
from relctl.cli.when import now
from relctl.errors import RelctlError
from relctl.state.signals import held_back

if TYPE_CHECKING:
    from rich.live import Live

    from relctl.rollout.status import Status


@dataclass(frozen=True)
class Look:
    """What was seen last, and when; `trouble` says why there is nothing newer."""

    at: datetime
    status: "Status"
    trouble: RelctlError | None = None


def keep_watching(look: "Callable[[], Status]", every: float, speaker: Speaker) -> None:
    """Show how it stands every so many seconds; Ctrl-C is how it ends, so that is no failure (exit code 0).

    If the first look fails, so does the command; a later failure is shown, and it goes on.
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
    from relctl.cli.picture import Picture

    with _drawn_in_place() as live:
        for seen in looks:
            live.update(Picture(seen.status, seen.at, pause.seconds, seen.trouble), refresh=True)
            pause.wait(resized=live.refresh)


@contextlib.contextmanager
def _drawn_in_place() -> Iterator["Live"]:
    """Use the terminal's second screen, which no resize smears; what was seen last stays on the first."""
    from rich.live import Live

    from relctl.cli.console import Screen

    screen = Screen()
    live = Live(console=screen, screen=True, auto_refresh=False)
    try:
        live.start()
        yield live
    finally:
        with held_back():  # else a second Ctrl-C could leave the terminal as it is now
            last = live.get_renderable()
            live.stop()
            screen.print(last)
