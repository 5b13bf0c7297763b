"""One request and its answer, as far as metrics and logs want to know, and the name that they meet by."""

import re
import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

ID_HEADER = "X-Request-ID"
# The route of a request that no URL rule matches. A raw path would let callers make time series.
UNMATCHED = "unmatched"

# Of the request that this thread is busy with; empty outside of requests.
current_id: ContextVar[str] = ContextVar("request_id", default="")

_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def choose_id(sent: str | None) -> str:
    """Return the id that came with the request, if it is harmless in headers and logs, else a new one."""
    return sent if sent and _ACCEPTED.fullmatch(sent) else secrets.token_hex(16)


@dataclass(slots=True)
class Exchange:
    """Begins when the request's head is read; `length` is the answer's body in bytes, once it is known."""

    method: str
    path: str  # as PEP 3333 has it: its bytes, a character each
    request_id: str
    started: float = field(default_factory=time.perf_counter)
    route: str = UNMATCHED
    status: int = 500  # what the server makes of an exception that leaves the application
    length: int | None = None
    notes: Any = None  # flask.g of the request

    @classmethod
    def of(cls, environ: "WSGIEnvironment") -> Self:
        """Return the request that begins with this environment."""
        sent = environ.get("HTTP_X_REQUEST_ID")
        return cls(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), choose_id(sent))

    def note(self, name: str) -> Any:
        """Return what the application left in `flask.g` under this name, or None."""
        return self.notes.get(name) if self.notes is not None else None

    def starting(self, start_response: "StartResponse") -> "StartResponse":
        """`start_response`, with the request's id among the headers, whoever answers."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self.status = int(status[:3])
            lengths = [int(value) for name, value in headers if name.lower() == "content-length"]
            self.length = lengths[0] if lengths else None
            return start_response(status, [*headers, (ID_HEADER, self.request_id)], exc_info)

        return start
