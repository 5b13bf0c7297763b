"""The one door to the terminal: results on standard output, messages on standard error.

It escapes all text, which may come from a candidate, a commit or a file. Only messages may have several
lines; each further line is marked, so that none can pass for relctl's own.
"""

import contextlib
import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from relctl.errors import RelctlError
from relctl.escape import escaped, escaped_json, line

_PLAIN_TERMINALS = ("dumb", "unknown")
_WIDE = 400  # columns; wider than most tables here, so that rich never shortens a cell
_STYLES = {"bold": "1", "dim": "2", "green": "32", "yellow": "33", "bold red": "1;31"}  # as rich names them
_MORE = "  | "  # before each further line of a message: a log must not pass for relctl's words


@dataclass(frozen=True)
class Speaker:
    """Report progress with the seconds since the start, unless `quiet`; emit results as text or JSON."""

    as_json: bool
    quiet: bool = False
    started: float = field(default_factory=time.monotonic)

    def say(self, words: str) -> None:
        """Write progress to standard error, in one or more lines."""
        if not self.quiet:
            self.insist(words)

    def insist(self, words: str) -> None:
        """Write to standard error, in the form of progress, even when quiet."""
        with contextlib.suppress(OSError):  # a closed standard error must not abort the operation
            warn(words, f"{time.monotonic() - self.started:6.1f} s  ", "dim")

    def emit(self, result: Any, text: Callable[[], None]) -> None:
        """Write a result to standard output: as JSON with --json, otherwise by calling `text`."""
        if self.as_json:
            show_json(result, indent=2)
        else:
            text()


def show(words: str = "", style: str = "", *, flush: bool = False) -> None:
    """Write one line of a result to standard output, coloured if `in_colour`."""
    print(_painted(line(words), style, sys.stdout), flush=flush)


def show_fact(name: str, words: str, style: str = "") -> None:
    """Write one line of a result: a name, and its value in the colour of `style`."""
    print(f"  {line(name):8} {_painted(line(words), style, sys.stdout)}")


def show_json(result: Any, indent: int | None = None) -> None:
    """Write a result to standard output as JSON; escaping does not change its meaning."""
    text = json.dumps(result, ensure_ascii=not _speaks_unicode(sys.stdout), indent=indent, default=str)
    print(escaped_json(text), flush=True)


def warn(words: str, lead: str = "", style: str = "") -> None:
    """Write a message to standard error after a coloured `lead`; mark each further line."""
    print(_painted(lead, style, sys.stderr) + _several(words), file=sys.stderr, flush=True)


def complain(error: RelctlError) -> None:
    """Write an error and the next command to run to standard error."""
    warn(f" {error.message}", "relctl: error:", "bold red")
    if error.hint:
        warn(f" {line(error.hint)}", "  next:", "bold")


def failure(error: RelctlError) -> dict[str, Any]:
    """Return an error as in JSON: the message, the next command to run and the exit code."""
    return {"error": error.message, "next": error.hint, "code": error.exit_code}


def complain_json(error: RelctlError) -> None:
    """Write an error to standard error as one line of JSON, after any progress."""
    text = json.dumps(failure(error), ensure_ascii=not _speaks_unicode(sys.stderr))
    print(escaped_json(text), file=sys.stderr, flush=True)


def show_traceback() -> None:
    """Write the traceback of the current error to standard error, for --debug."""
    print(escaped(traceback.format_exc()), end="", file=sys.stderr, flush=True)


def on_terminal() -> bool:
    """Return whether standard output is a terminal that can draw, not only print lines."""
    there = isinstance(sys.stdout, io.TextIOBase) and sys.stdout.isatty()
    return there and os.environ.get("TERM", "dumb") not in _PLAIN_TERMINALS


def in_colour(stream: Any) -> bool:
    """Return whether to use colours: never with NO_COLOR, always with FORCE_COLOR, else on a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    there = isinstance(stream, io.TextIOBase) and stream.isatty()
    return there and os.environ.get("TERM", "dumb") not in _PLAIN_TERMINALS


def write_what_cannot_be_encoded() -> None:
    """Escape characters that standard output cannot encode: printing Chinese must not end a command."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # None where the caller closed it
        sys.stdout.reconfigure(errors="backslashreplace")


def expect_no_reader() -> None:
    """Discard further output: the reader has closed the pipe, and Python would complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a plain table with every cell whole, to copy and to grep."""
    from rich.cells import cell_len
    from rich.table import Table

    from relctl.cli.console import Screen, as_text

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        drawn.add_column(as_text(heading), no_wrap=True)
    cells = [[as_text(cell) for cell in row] for row in rows]
    for row in cells:
        drawn.add_row(*row)
    widths = [
        [cell_len(heading), *(each.cell_len for each in column)]
        for heading, *column in zip(headings, *cells, strict=True)
    ]
    Screen(width=max(sum(max(each) + 2 for each in widths), _WIDE)).print(drawn)


def _painted(words: str, style: str, stream: Any) -> str:
    """Colour text that is already escaped."""
    return f"\x1b[{_STYLES[style]}m{words}\x1b[0m" if style and in_colour(stream) else words


def _several(words: str) -> str:
    """Escape text and mark each further line; treat CR LF as one line end."""
    return escaped(words.replace("\r\n", "\n")).replace("\n", f"\n{_MORE}")


def _speaks_unicode(stream: Any) -> bool:
    encoding = getattr(stream, "encoding", None)  # None if the caller closed the stream
    return encoding is None or encoding.lower().replace("-", "") == "utf8"
