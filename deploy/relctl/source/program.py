"""Running other programs: run to completion, stop, and report missing ones."""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from relctl.errors import BuildError

_GRACE = 10  # seconds for a program to remove its own temporary files after an interrupt
_INSTALL = {
    "git": "apt install git",
    "mmdebstrap": "apt install mmdebstrap, or name an image in versions.yaml: base: {image: name@sha256:…}",
}


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
