"""Run Nginx and related commands, and find the reason of a failure in their output."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from relctl.errors import ProxyError

_WITHIN = 30  # seconds
_SYSTEM_PATHS = "/usr/local/sbin:/usr/sbin:/sbin"
ADDRESS_TAKEN = "Address already in use"  # Nginx's words


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
