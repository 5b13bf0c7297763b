"""Run Nginx itself: test a configuration; start, reload and stop the process; read its error log."""

import contextlib
import errno
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from relctl.errors import ProxyError
from relctl.proxy.processes import Worker, find, serving
from relctl.state.fault_points import effect
from relctl.state.ownership import name_of
from relctl.state.paths import Paths

_WITHIN = 30  # seconds
_SYSTEM_PATHS = "/usr/local/sbin:/usr/sbin:/sbin"
ADDRESS_TAKEN = "Address already in use"  # Nginx's words
_OVER = 10.0  # seconds over worker_shutdown_timeout
_ANSWER_WITHIN = 10.0  # seconds; Nginx itself tries a taken port for 2.5 s
_LONGEST = 400  # characters of a line: a request can make it arbitrarily long
# `2026/11/29 21:52:09 [error] 7714#7714: *3 …`: about a request (it has a number), not caused by the client.
_OURS = re.compile(r"\S+ \S+ \[(?:error|crit|alert|emerg)\] \d+#\d+: \*\d+ (?!client )")
_TAIL = 64 * 1024  # bytes from the end of a log that may be large
_SHOWN = 300  # characters
_STAMP = re.compile(r"^\S+ \S+ \[\w+\] \d+#\d+: (\*\d+ )?")


def run(command: Sequence[str], what: str) -> None:
    """Run a command; raises ProxyError with its output."""
    environ = {**os.environ, "PATH": _search_path()}
    try:
        done = subprocess.run(
            command,
            env=environ,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_WITHIN,
            check=False,
        )
    except (FileNotFoundError, PermissionError):
        raise ProxyError(f"{command[0]} is not installed", "make setup (or: apt-get install nginx)") from None
    except subprocess.TimeoutExpired:
        raise ProxyError(f"{what}: no answer in {_WITHIN} s", " ".join(command)) from None
    if done.returncode != 0:
        words = said(done.stderr or done.stdout)
        raise ProxyError(f"{what}: {words}", next_step(done.stderr) or " ".join(command))


def is_installed(program: str) -> bool:
    """Return whether `run` would find a program."""
    return shutil.which(program, path=_search_path()) is not None


def _search_path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_PATHS}"


def said(text: str) -> str:
    """Return the first [emerg] line of Nginx's output, or the whole text if there is none."""
    lines = [line.removeprefix("nginx: ") for line in text.splitlines() if "[emerg]" in line]
    return lines[0] if lines else text.strip()


def next_step(text: str) -> str:
    """Return the command or change to try next, "" if Nginx's output suggests none."""
    if ADDRESS_TAKEN in text:
        return "another program has that port: choose one with RELCTL_PROXY_LISTEN=127.0.0.1:PORT"
    if "Cannot assign requested address" in text:
        return "this machine has no such address (ip address shows those it has): fix proxy.listen"
    if "Address family not supported" in text:
        return "this machine has no IPv6: take the addresses in brackets out of proxy.listen"
    return ""


class ManagedNginx:
    """The Nginx of one environment; all its files are in `folder`.

    `shutdown`: how many seconds its workers have for their last requests.
    """

    def __init__(self, folder: Path, program: str, shutdown: float = 120.0) -> None:
        self.folder, self._program, self._stop_within = folder, program, shutdown + _OVER
        self.config, self.error_log = folder / "nginx.conf", folder / "error.log"

    def test(self, config: Path) -> None:
        """Raise ProxyError with Nginx's message if it would not run with `config`."""
        with effect("nginx.test"):
            run(self._command(config, "-t"), f"Nginx refuses {config}")

    def pid(self) -> int | None:
        """Return the master's process id, None if it does not run."""
        try:
            pid = int((self.folder / "nginx.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        ours = command.startswith(b"nginx: master") and str(self.config).encode() in command
        return pid if ours else None  # else the pid was reused

    def is_of_root(self) -> bool:
        """Return whether root runs the master, or would: another user may query what root has started."""
        with contextlib.suppress(FileNotFoundError):  # just ended
            pid = self.pid()
            return Path(f"/proc/{pid or 'self'}").stat().st_uid == 0
        return os.geteuid() == 0

    def insist_on_ours(self) -> None:
        """Raise ProxyError if another user runs the master: only that user can make it read a new text."""
        pid = self.pid()
        owner = Path(f"/proc/{pid}").stat().st_uid if pid else os.geteuid()
        if os.geteuid() not in (0, owner):
            raise ProxyError(
                f"the configuration has changed, and Nginx (pid {pid}) belongs to {name_of(owner)}",
                f"sudo -u {name_of(owner)} relctl proxy up, then run the command again",
            )

    def start(self) -> None:
        """Start the master in the background; raises ProxyError, which explains a port in use.

        The program returns before the master has written its pid, so this waits until workers serve.
        """
        with effect("nginx.start"):
            run(self._command(self.config), "Nginx does not start")
        if not _within(_ANSWER_WITHIN, lambda: self.pid() is not None and self.serves()):
            raise ProxyError(
                f"Nginx started and has no workers; {self.error_log} says why", "relctl proxy up"
            )

    def reload(self) -> None:
        """Make the master read the configuration again; wait until only new workers accept connections.

        Raises ProxyError with Nginx's message if it keeps the old configuration: a new port may be in use,
        which testing a configuration does not show.
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
        """Return our workers, including those finishing their last requests and those without a master."""
        return find(self.error_log)

    def serves(self) -> bool:
        """Return whether a worker accepts connections, with or without a master."""
        return bool(serving(self.workers()))

    def end_orphans(self) -> bool:
        """Let workers without a master finish their requests and end; returns whether there were any.

        Waits until they have released the port, not until they have ended.
        """
        orphans = serving(self.workers())
        for worker in orphans:
            with effect("nginx.retire"):
                _signal(worker.pid, signal.SIGQUIT)
        _within(_ANSWER_WITHIN, lambda: not self.serves())
        return bool(orphans)

    def stop(self) -> bool:
        """Let Nginx and orphaned workers finish their requests and end; returns whether it ran."""
        pid = self.pid()
        if pid is None:
            ran = self.end_orphans()
        else:
            ran = True
            _signal(pid, signal.SIGQUIT)
        self._wait_for_end(self._stop_within, "kill")
        return ran

    def end(self) -> None:
        """End it at once, whatever is running: for an Nginx that serves only relctl."""
        for pid in self._processes():  # the master first: it would start other workers
            _signal(pid, signal.SIGTERM)
        self._wait_for_end(_ANSWER_WITHIN, "kill -9")

    def _wait_for_end(self, seconds: float, kill: str) -> None:
        if not _within(seconds, lambda: not self._processes()):
            numbers = " ".join(map(str, self._processes()))
            raise ProxyError(f"Nginx ({numbers}) did not end in {seconds:g} s", f"{kill} {numbers}")

    def _processes(self) -> list[int]:
        pid = self.pid()
        return [*([pid] if pid else []), *sorted(worker.pid for worker in self.workers())]

    def _command(self, config: Path, *options: str) -> list[str]:
        """Return the command; without `-e` Nginx opens the system's error log before the configuration."""
        error_log = str(self.error_log)
        return [self._program, "-p", str(self.folder), "-e", error_log, "-c", str(config), *options]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        with contextlib.suppress(ProcessLookupError):  # just ended
            os.kill(pid, number)
    except PermissionError:
        raise ProxyError(
            f"Nginx (pid {pid}) belongs to another user", "run it as the user who started it"
        ) from None


def _of(log: str, pid: int) -> str:
    """Return the fatal lines of this master: a test by another process writes to the same log."""
    return "\n".join(line for line in log.splitlines() if f"[emerg] {pid}#" in line)


def _gave_up(log: str, pid: int) -> bool:
    """Return whether a reload failed for good: a port in use is retried until Nginx says "still"."""
    return any(f"({int(errno.EADDRINUSE)}: " not in line for line in _of(log, pid).splitlines())


def _ticks(seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.02)


def _within(seconds: float, done: Callable[[], bool]) -> bool:
    return any(done() for _ in _ticks(seconds))


def last_errors(paths: Paths, lines: int = 3) -> list[str]:
    """Return the last lines that explain a failed request, oldest first; none if there is no log."""
    found = [line for line in tail(paths.error_log) if _OURS.match(line)]
    return [line[:_LONGEST] for line in found[-lines:]]


def last_words(log: Path, of: str = "", since: int = 0) -> str:
    """Return the last line, without its time, that names the upstream `of`; "" if there is none.

    `since`: the size of the log before the event, so that an older line is not blamed.
    """
    named = f'upstream: "http://{of}/' if of else ""
    lines = [line for line in tail(log, since) if named in line]
    return _STAMP.sub("", lines[-1])[:_SHOWN] if lines else ""


def log_size(log: Path) -> int:
    """Return the size of the log now; 0 if there is none."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def tail(log: Path, since: int = 0) -> list[str]:
    """Return the last lines of a log from `since` on; none if there is no readable log."""
    try:
        with log.open("rb") as file:
            end = file.seek(0, 2)
            start = since if since <= end else 0  # rotated meanwhile
            file.seek(max(start, end - _TAIL))
            return file.read().decode(errors="replace").splitlines()
    except OSError:  # missing, or not readable for us
        return []
