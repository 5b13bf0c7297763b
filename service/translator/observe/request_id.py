"""Names every request, so that its answer, its lines in the log and its caller's own records meet."""

import re
import secrets
from contextvars import ContextVar

HEADER = "X-Request-ID"

# Of the request that this thread is busy with; empty outside of requests.
current: ContextVar[str] = ContextVar("request_id", default="")

_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def choose(sent: str | None) -> str:
    """The id that came with the request, if it is harmless in a header and in a log, else a new one."""
    return sent if sent and _ACCEPTED.fullmatch(sent) else secrets.token_hex(16)
