"""Run other programs: to completion, or within a time limit in a process group that ends with it."""

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

from relctl.errors import BuildError

_GRACE = 10  # seconds for a program to remove its own temporary files after an interrupt
_INSTALL = {
    "git": "apt install git",
    "mmdebstrap": "apt install mmdebstrap, or name an image in versions.yaml: base: {image: name@sha256:…}",
}
_KEPT = 4_000  # bytes of output
_READ = 65_536  # bytes per read; the default capacity of a pipe
_LOOK = 0.05  # seconds between checks for the program's end


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to completion; its messages are in English, so that relctl can recognise them.

    Raises BuildError if it is not installed.
    """
    return finish(start(command, folder, environment, stdin=subprocess.DEVNULL))


def finish(process: subprocess.Popen[bytes]) -> subprocess.CompletedProcess[bytes]:
    """Wait for a program to end and return its output.

    If relctl is interrupted, stop the program and wait for it, so that nothing writes into a folder being
    removed.
    """
    try:
        output, errors = process.communicate()
    except BaseException:
        stop(process)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def start(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] = os.environ,
    stdin: int = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start a program with pipes for input and output; if `stderr` is a pipe, the caller must read it."""
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "LC_ALL": "C"},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    except FileNotFoundError:
        raise not_installed(command[0]) from None


def not_installed(name: str) -> BuildError:
    """Return the error for a program missing on this machine."""
    return BuildError(f"{name} is not installed", _INSTALL.get(name, f"install {name}"))


def stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate a program, kill it if it does not end in time, and close its pipes."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_GRACE)
    process.kill()
    process.communicate()


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code (None on timeout) and the end of its output."""

    code: int | None
    output: str

    @property
    def last_line(self) -> str:
        """Return the last line of its output."""
        return (self.output.strip().splitlines()[-1:] or ["it printed nothing"])[0]


def run_within(
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
