"""One request and its answer, as far as metrics and logs want to know."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from translator.observe import request_id
from translator.observe.request_counts import UNMATCHED

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

# Answers that have no body and do not say so.
_EMPTY = (204, 304)


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
    ended: bool = False

    @classmethod
    def of(cls, environ: "WSGIEnvironment") -> Self:
        """The request that begins with this environment."""
        sent = environ.get("HTTP_X_REQUEST_ID")
        return cls(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), request_id.choose(sent))

    @property
    def is_complete(self) -> bool:
        """Whether the whole answer is there, and only has to be sent."""
        return self.length is not None or self.status in _EMPTY

    def note(self, name: str) -> Any:
        """What the application left in `flask.g` under this name, or None."""
        return self.notes.get(name) if self.notes is not None else None

    def starting(self, start_response: "StartResponse") -> "StartResponse":
        """`start_response`, with the request's id among the headers, whoever answers."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self.status = int(status[:3])
            lengths = [int(value) for name, value in headers if name.lower() == "content-length"]
            self.length = lengths[0] if lengths else None
            return start_response(status, [*headers, (request_id.HEADER, self.request_id)], exc_info)

        return start
