"""Running someone's own program: within its time, in a process group that ends with it."""

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
_READ = 65_536  # bytes at a time; as many as a pipe holds, unless somebody made it larger
_LOOK = 0.05  # seconds between two looks whether the program has ended


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, None when its time was over; and the last of what it said."""

    code: int | None
    output: str

    @property
    def last_line(self) -> str:
        """The last line of what it said."""
        return (self.output.strip().splitlines()[-1:] or ["it said nothing"])[0]


def run(
    command: Sequence[str], folder: Path, told: Mapping[str, str], message: bytes, timeout: float
) -> Ended:
    """Run a program in `folder`, `told` in its environment and `message` on its standard input.

    The input is a file: a program that does not read it neither blocks anybody nor breaks a pipe.
    Raises OSError when it cannot be run, ValueError for a zero byte in an argument.
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
    """The last bytes that come out of a pipe.

    It never waits for the pipe's end: a process that has left the group may hold it open for ever.
    """

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._pipe, self._kept = pipe, b""

    @property
    def text(self) -> str:
        return self._kept.decode(errors="replace")

    def read(self, seconds: float) -> bool:
        """Wait so long for output and read it; tell whether there was some."""
        if self._pipe is None or not select.select([self._pipe], [], [], seconds)[0]:
            return False
        found = os.read(self._pipe.fileno(), _READ)
        self._kept = (self._kept + found)[-_KEPT:]
        if not found:  # nobody can write any more, and select would say so again and again
            self._pipe = None
        return bool(found)

    def read_what_is_left(self) -> None:
        """Read what the program wrote before its end; who goes on writing is not listened to for long."""
        for _ in range(16):  # a mebibyte, the most that a pipe may hold
            if not self.read(0):
                return


def _exit_code(process: subprocess.Popen[bytes], output: _Tail, timeout: float) -> int | None:
    """Listen until the program ends; None when its time was over. Its process group ends with it."""
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
