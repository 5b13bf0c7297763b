"""Running Nginx, or a command about it, and finding in what it wrote the line that says why."""

import os
import subprocess
from collections.abc import Sequence

from relctl.errors import ProxyError

_WITHIN = 30  # seconds
_SYSTEM_PATHS = "/usr/local/sbin:/usr/sbin:/sbin"


def run(command: Sequence[str], what: str) -> None:
    """Run a command; raises ProxyError with what it wrote."""
    environ = {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_PATHS}"}
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


def said(text: str) -> str:
    """Return the first line that says why Nginx does not go on, or the whole text if none does."""
    lines = [line.removeprefix("nginx: ") for line in text.splitlines() if "[emerg]" in line]
    return lines[0] if lines else text.strip()


def next_step(text: str) -> str:
    """Return what to type next, "" when Nginx's words do not tell."""
    if "Address already in use" in text:
        return "another program has that port: choose one with RELCTL_PROXY_LISTEN=127.0.0.1:PORT"
    return ""
