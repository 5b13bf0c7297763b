"""A program on a terminal of its own: what it draws, another size, Ctrl-C."""

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_WITHIN = 60.0  # seconds; what takes one by itself may take ten where others are at work
HOME = "\x1b[H"  # where every frame of a screen that is drawn in place begins
SECOND, FIRST, CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


class Terminal:
    """`output` is everything that the program wrote so far, with its control sequences."""

    def __init__(self, command: Sequence[str], columns: int, rows: int, environ: Mapping[str, str]) -> None:
        self.output = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(
            errors="replace"
        )  # pieces cut characters in two
        self._master, terminal = pty.openpty()
        self.resize(columns, rows)
        kept = {
            key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")
        }
        self._process = subprocess.Popen(
            command,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={**kept, "TERM": "xterm-256color", **environ},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(terminal)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; the kernel tells the program by SIGWINCH."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        """Type keys; b"\\x03" is Ctrl-C."""
        os.write(self._master, keys)

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self._process.send_signal(number)

    def wait_for(self, pattern: str, since: int = 0) -> int:
        """Wait until a pattern is in what was written after `since`; returns where it ends."""
        deadline = time.monotonic() + _WITHIN
        while not (found := re.search(pattern, self.output[since:], re.S)):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.output[since:]!r}"
            self._read(0.1)
        return since + found.end()

    def ended(self) -> int:
        """Wait until the program has ended; returns its exit code."""
        deadline = time.monotonic() + _WITHIN
        while self._process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self._read(0.1)
        while self._read(0.0):
            pass
        return self._process.returncode

    def close(self) -> None:
        """End whatever still runs."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            content = os.read(self._master, 65536)
        except OSError:  # the program has closed its end
            return False
        self.output += self._decoder.decode(content)
        return bool(content)


@contextlib.contextmanager
def terminal(
    *command: str, columns: int = 110, rows: int = 30, environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run a program on a terminal of this size."""
    path = os.pathsep.join(path for path in sys.path if path and Path(path).is_dir())
    made = Terminal(command, columns, rows, {"PYTHONPATH": path, **(environ or {})})
    try:
        yield made
    finally:
        made.close()


def lines(written: str) -> list[str]:
    """What a person reads of what was written: without control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written).replace("\r", "").split("\n")
