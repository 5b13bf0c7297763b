"""Running a user's program with a time limit, in a process group that ends with it."""

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_KEPT = 4_000  # bytes of output
_READ = 65_536  # bytes per read; the default capacity of a pipe
_LOOK = 0.05  # seconds between checks for the program's end


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code (None on timeout) and the end of its output."""

    code: int | None
    output: str

    @property
    def last_line(self) -> str:
        """Return the last line of its output."""
        return (self.output.strip().splitlines()[-1:] or ["it printed nothing"])[0]


def run(
    command: Sequence[str], folder: Path, told: Mapping[str, str], message: bytes, timeout: float
) -> Ended:
    """Run a program in `folder` with `told` added to its environment and `message` on standard input.

    The input is a file: a program that ignores it neither blocks us nor breaks a pipe.
    Raises OSError if it cannot be run, ValueError for a zero byte in an argument.
    """
    with tempfile.TemporaryFile() as given:
        given.write(message)
        given.seek(0)
        process = subprocess.Popen(
            command,
            bufsize=0,
            cwd=folder,
            env=os.environ | told,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with process:
        output = _Tail(process.stdout)
        code = _exit_code(process, output, timeout)
        output.read_what_is_left()
    return Ended(code, output.text)


class _Tail:
    """The last bytes read from a pipe.

    Never wait for the pipe's end: a process that left the group may keep it open for ever.
    """

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._pipe, self._kept = pipe, b""

    @property
    def text(self) -> str:
        return self._kept.decode(errors="replace")

    def read(self, seconds: float) -> bool:
        """Wait up to `seconds` for output and read it; return whether there was any."""
        if self._pipe is None or not select.select([self._pipe], [], [], seconds)[0]:
            return False
        found = os.read(self._pipe.fileno(), _READ)
        self._kept = (self._kept + found)[-_KEPT:]
        if not found:  # end of file: select would report it forever
            self._pipe = None
        return bool(found)

    def read_what_is_left(self) -> None:
        """Read the rest of the program's output, at most a full pipe: others may keep writing to it."""
        for _ in range(16):  # one mebibyte, the default maximum size of a pipe
            if not self.read(0):
                return


def _exit_code(process: subprocess.Popen[bytes], output: _Tail, timeout: float) -> int | None:
    """Read output until the program ends; return None on timeout. Kill its process group at the end."""
    deadline = time.monotonic() + timeout
    try:
        while process.poll() is None and time.monotonic() < deadline:
            if not output.read(_LOOK):
                time.sleep(_LOOK / 10)
        return process.returncode
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
