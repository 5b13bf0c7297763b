"""The door to other programs: running them to their end, stopping them, finding them missing."""

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
    """Run a program to its end; its words are in English so that they can be told apart.

    Raises BuildError when it is not installed. When relctl is interrupted the program is ended and
    waited for, so that nothing writes into a folder that is being removed.
    """
    process = start(command, folder, environment, stdin=subprocess.DEVNULL)
    try:
        output, errors = process.communicate()
    except BaseException:
        stop(process)
        raise
    return subprocess.CompletedProcess(list(command), process.returncode, output, errors)


def start(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] = os.environ,
    stdin: int = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start a program whose input and output are pipes; a pipe for its words must be read meanwhile."""
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
        name = command[0]
        raise BuildError(f"{name} is not installed", _INSTALL.get(name, f"install {name}")) from None


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a program, at first politely, and close its pipes."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_GRACE)
    process.kill()
    process.communicate()
