"""Running Nginx itself: testing a configuration, starting, reloading and stopping it."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from relctl.errors import ProxyError

_STOP_WITHIN = 130.0  # seconds; a little over worker_shutdown_timeout
_RELOAD_WITHIN = 10.0  # seconds
_SYSTEM_PATHS = "/usr/local/sbin:/usr/sbin:/sbin"


class ManagedNginx:
    """The Nginx of one environment: everything it owns is in `folder`."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder, self._program = folder, program
        self.config = folder / "nginx.conf"

    def test(self, config: Path) -> None:
        """Raise ProxyError with Nginx's own words if it would not run with `config`."""
        run(self._command(config, "-t"), f"Nginx refuses {config}")

    def pid(self) -> int | None:
        """Return the master's process id, None when it does not run."""
        try:
            pid = int((self.folder / "nginx.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if str(self.config).encode() in command else None  # else the number was used again

    def start(self) -> None:
        """Start the master in the background; raises ProxyError, in words when the port is taken."""
        run(self._command(self.config), "Nginx does not start")

    def reload(self) -> None:
        """Let the master read the configuration again, and wait until it has.

        Raises ProxyError with Nginx's words when it goes on with the old one: a new port may be taken,
        which the test of a configuration does not tell.
        """
        pid, before, offset = self.pid(), self.workers(), self._log_size()
        if pid is None:
            raise ProxyError("Nginx is not running, so it cannot reload", "relctl proxy up")
        os.kill(pid, signal.SIGHUP)
        deadline = time.monotonic() + _RELOAD_WITHIN
        while not self.workers() - before:
            words = self._emergency(offset)
            if words or time.monotonic() > deadline:
                raise ProxyError(f"Nginx keeps its old configuration: {words or 'no answer'}", _next(words))
            time.sleep(0.02)

    def workers(self) -> set[int]:
        """Return the process ids of our workers, known by the error log that they hold; also of orphans."""
        log = str(self.folder / "error.log")
        return {int(process.name) for process in Path("/proc").glob("[0-9]*") if _holds(process, log)}

    def end_orphans(self) -> None:
        """Let workers without a master finish their requests and end; their port is free at once."""
        for worker in self.workers():
            os.kill(worker, signal.SIGQUIT)

    def _log_size(self) -> int:
        try:
            return (self.folder / "error.log").stat().st_size
        except FileNotFoundError:
            return 0

    def _emergency(self, offset: int) -> str:
        with (self.folder / "error.log").open("rb") as file:
            file.seek(offset)
            text = file.read().decode(errors="replace")
        return _said(text) if "[emerg]" in text else ""

    def stop(self) -> bool:
        """Let Nginx finish its requests and end; returns whether it ran."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + _STOP_WITHIN
        while self.pid() is not None:
            if time.monotonic() > deadline:
                raise ProxyError(f"Nginx (pid {pid}) did not end in {_STOP_WITHIN:g} s", f"kill {pid}")
            time.sleep(0.02)
        return True

    def _command(self, config: Path, *options: str) -> list[str]:
        """`-e`: without it Nginx opens the system's error log before it reads the configuration."""
        error_log = str(self.folder / "error.log")
        return [self._program, "-p", str(self.folder), "-e", error_log, "-c", str(config), *options]


def run(command: Sequence[str], what: str) -> None:
    """Run Nginx, or a command about it; raises ProxyError with what it wrote."""
    environ = {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_PATHS}"}
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError:
        raise ProxyError(f"{command[0]} is not installed", "make setup (or: apt-get install nginx)") from None
    except subprocess.TimeoutExpired:
        raise ProxyError(f"{what}: no answer in 30 s", " ".join(command)) from None
    if done.returncode != 0:
        raise ProxyError(
            f"{what}: {_said(done.stderr or done.stdout)}", _next(done.stderr) or " ".join(command)
        )


def _said(text: str) -> str:
    lines = [line.removeprefix("nginx: ") for line in text.splitlines() if "[emerg]" in line]
    return lines[0] if lines else text.strip()


def _next(text: str) -> str:
    if "Address already in use" in text:
        return "another program has that port: choose one with RELCTL_PROXY_LISTEN=127.0.0.1:PORT"
    return ""


def _holds(process: Path, log: str) -> bool:
    """Tell whether a process is an Nginx worker whose standard error is `log`."""
    try:
        is_worker = (process / "cmdline").read_bytes().startswith(b"nginx: worker process")
        return is_worker and str((process / "fd" / "2").readlink()).startswith(log)
    except OSError:  # it has ended, or belongs to someone else
        return False
