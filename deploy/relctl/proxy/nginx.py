"""Running Nginx itself: testing a configuration, starting, reloading and stopping it."""

import contextlib
import errno
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from relctl.errors import ProxyError
from relctl.proxy.command import next_step, run, said
from relctl.proxy.workers import Worker, find, serving
from relctl.state.fault import effect

_STOP_WITHIN = 130.0  # seconds; a little over worker_shutdown_timeout
_ANSWER_WITHIN = 10.0  # seconds; Nginx itself tries a taken port for 2.5 s


class ManagedNginx:
    """The Nginx of one environment: everything it owns is in `folder`."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder, self._program = folder, program
        self.config, self.error_log = folder / "nginx.conf", folder / "error.log"

    def test(self, config: Path) -> None:
        """Raise ProxyError with Nginx's own words if it would not run with `config`."""
        with effect("nginx.test"):
            run(self._command(config, "-t"), f"Nginx refuses {config}")

    def pid(self) -> int | None:
        """Return the master's process id, None when it does not run."""
        try:
            pid = int((self.folder / "nginx.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        ours = command.startswith(b"nginx: master") and str(self.config).encode() in command
        return pid if ours else None  # else the number was used again

    def start(self) -> None:
        """Start the master in the background; raises ProxyError, in words when the port is taken.

        The program returns before the master has written its number, so this waits until workers serve.
        """
        with effect("nginx.start"):
            run(self._command(self.config), "Nginx does not start")
        if not _within(_ANSWER_WITHIN, lambda: self.pid() is not None and self.serves()):
            raise ProxyError(
                f"Nginx started and has no workers; {self.error_log} says why", "relctl proxy up"
            )

    def reload(self) -> None:
        """Let the master read the configuration again, and wait until only new workers take connections.

        Raises ProxyError with Nginx's words when it goes on with the old one: a new port may be taken,
        which the test of a configuration does not tell.
        """
        pid = self.pid()
        if pid is None:
            raise ProxyError("Nginx is not running, so it cannot reload", "relctl proxy up")
        before, words = serving(self.workers()), ""
        # opened before the signal: what a rotation renames is still read to its end
        with self.error_log.open("a+b") as log:
            with effect("nginx.reload"):
                _signal(pid, signal.SIGHUP)
            for _ in _ticks(_ANSWER_WITHIN):
                now = serving(self.workers())
                if now and not now & before:
                    return
                words += log.read().decode(errors="replace")
                if _gave_up(words, pid):
                    break
        why = said(_of(words, pid)) or "no answer"
        raise ProxyError(f"Nginx keeps its old configuration: {why}", next_step(words))

    def workers(self) -> set[Worker]:
        """Return our workers, also those that finish their last requests and those without a master."""
        return find(self.error_log)

    def serves(self) -> bool:
        """Tell whether a worker takes connections, be it without a master."""
        return bool(serving(self.workers()))

    def end_orphans(self) -> bool:
        """Let workers without a master finish their requests and end; returns whether there were any.

        Waits until they have let go of the port, not until they have ended.
        """
        orphans = serving(self.workers())
        for worker in orphans:
            with effect("nginx.retire"):
                _signal(worker.pid, signal.SIGQUIT)
        _within(_ANSWER_WITHIN, lambda: not self.serves())
        return bool(orphans)

    def stop(self) -> bool:
        """Let Nginx finish its requests and end, workers without a master too; returns whether it ran."""
        pid = self.pid()
        if pid is None:
            ran = self.end_orphans()
        else:
            ran = True
            _signal(pid, signal.SIGQUIT)
        if not _within(_STOP_WITHIN, lambda: self.pid() is None and not self.workers()):
            left = sorted({pid or 0, *(worker.pid for worker in self.workers())} - {0})
            numbers = " ".join(map(str, left))
            raise ProxyError(f"Nginx ({numbers}) did not end in {_STOP_WITHIN:g} s", f"kill {numbers}")
        return ran

    def _command(self, config: Path, *options: str) -> list[str]:
        """`-e`: without it Nginx opens the system's error log before it reads the configuration."""
        error_log = str(self.error_log)
        return [self._program, "-p", str(self.folder), "-e", error_log, "-c", str(config), *options]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, number)
    except PermissionError:
        raise ProxyError(
            f"Nginx (pid {pid}) belongs to another user", "type it as the user who started it"
        ) from None


def _of(log: str, pid: int) -> str:
    """Return what this master gave up on: a test of someone else's writes to the same log."""
    return "\n".join(line for line in log.splitlines() if f"[emerg] {pid}#" in line)


def _gave_up(log: str, pid: int) -> bool:
    """Tell whether a reload failed for good: a port in use is tried again until Nginx says "still"."""
    return any(f"({int(errno.EADDRINUSE)}: " not in line for line in _of(log, pid).splitlines())


def _ticks(seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.02)


def _within(seconds: float, done: Callable[[], bool]) -> bool:
    return any(done() for _ in _ticks(seconds))
