"""Read Nginx's error log: what it logged since a moment, and why it answered 502 or 504 itself."""

import re
from pathlib import Path

from relctl.state.paths import Paths

_LONGEST = 400  # characters of a line: a request can make it arbitrarily long
# `2026/11/29 21:52:09 [error] 7714#7714: *3 …`: about a request (it has a number), not caused by the client.
_OURS = re.compile(r"\S+ \S+ \[(?:error|crit|alert|emerg)\] \d+#\d+: \*\d+ (?!client )")
_TAIL = 64 * 1024  # bytes from the end of a log that may be large
_SHOWN = 300  # characters
_STAMP = re.compile(r"^\S+ \S+ \[\w+\] \d+#\d+: (\*\d+ )?")


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


def size(log: Path) -> int:
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
