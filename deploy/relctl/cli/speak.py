"""Speaking: data on standard output, words on standard error."""

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from relctl.errors import RelctlError

_STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_WIDE = 400  # columns; wider than most tables here, so that rich never shortens a cell


@dataclass(frozen=True)
class Speaker:
    """Says progress with the seconds since the start, and emits results as text or as JSON."""

    as_json: bool
    started: float = field(default_factory=time.monotonic)

    def say(self, words: str) -> None:
        """Write one line of progress to standard error."""
        with contextlib.suppress(OSError):  # nobody listens any more: no reason to undo what is under way
            print(f"{time.monotonic() - self.started:6.1f} s  {plain(words)}", file=sys.stderr, flush=True)

    def emit(self, result: Any, text: Callable[[], None]) -> None:
        """Write a result to standard output: as JSON with --json, else by calling `text`."""
        if self.as_json:
            print(json.dumps(result, ensure_ascii=False, indent=2, default=str), flush=True)
        else:
            text()


def on_terminal() -> bool:
    """Tell whether a person reads standard output on a terminal that can do more than print lines."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def plain(words: str) -> str:
    """Words without what steers a terminal: they may be a candidate's, or a file's."""
    return _STEERS.sub("\ufffd", words)


def complain(error: RelctlError) -> None:
    """Write an error and the next command to type to standard error."""
    print(f"relctl: error: {plain(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  next: {error.hint}", file=sys.stderr)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a plain table; every cell whole, so that it can be copied and grepped."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        drawn.add_column(heading, no_wrap=True)
    for row in rows:
        drawn.add_row(*(Text(plain(cell)) for cell in row))  # a Text, so that [words] are no markup
    widest = sum(max(len(cell) for cell in column) + 2 for column in zip(headings, *rows, strict=True))
    Console(highlight=False, width=max(widest, _WIDE)).print(drawn)
