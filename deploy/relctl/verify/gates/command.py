"""Gate `command`: someone's own program says yes by ending with 0."""

import contextlib
import os
import select
import signal
import subprocess
import time
from typing import IO

from relctl.config.gates import CommandSettings
from relctl.verify.trial import Trial
from relctl.verify.verdict import Verdict, failed, passed

_KEPT = 4_000  # bytes of output
_READ = 65_536  # bytes at a time; as many as a pipe holds, unless somebody made it larger
_LOOK = 0.05  # seconds between two looks whether the program has ended


def command(trial: Trial, settings: CommandSettings) -> Verdict:
    """Run the program in the project's folder; its process group ends with it, and it with its time."""
    candidate = trial.candidate
    told = {
        "RELCTL_CANDIDATE_URL": candidate.service.url,
        "RELCTL_TAG": str(candidate.tag),
        "RELCTL_IMAGE_ID": candidate.image.id,
    }
    try:
        process = subprocess.Popen(
            settings.run,
            bufsize=0,
            cwd=candidate.project.root,
            env=os.environ | told,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # a ValueError is about a zero byte in an argument
        return failed(f"{settings.run[0]} cannot be run: {getattr(error, 'strerror', None) or error}")
    with process:
        output = Tail(process.stdout)
        code = _exit_code(process, output, settings.timeout)
        output.read_what_is_left()
    return _judge(code, output.text, settings)


class Tail:
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


def _exit_code(process: subprocess.Popen[bytes], output: Tail, timeout: float) -> int | None:
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


def _judge(code: int | None, output: str, settings: CommandSettings) -> Verdict:
    if code is None:
        return failed(f"not done within {settings.timeout:g} s", output=output)
    if code != 0:
        last = output.strip().splitlines()[-1:] or ["it said nothing"]
        return failed(f"ended with {code}: {last[0]}", output=output, exit_code=code)
    return passed("ended with 0", output=output, exit_code=0)
