"""Read the end of Nginx's error log: why it answered 502 or 504 itself."""

import re

from relctl.proxy.complaints import tail
from relctl.state.paths import Paths

_LONGEST = 400  # characters of a line: a request can make it arbitrarily long
# `2026/11/29 21:52:09 [error] 7714#7714: *3 …`: about a request (it has a number), not caused by the client.
_OURS = re.compile(r"\S+ \S+ \[(?:error|crit|alert|emerg)\] \d+#\d+: \*\d+ (?!client )")


def last_errors(paths: Paths, lines: int = 3) -> list[str]:
    """Return the last lines that explain a failed request, oldest first; none if there is no log."""
    found = [line for line in tail(paths.error_log) if _OURS.match(line)]
    return [line[:_LONGEST] for line in found[-lines:]]
