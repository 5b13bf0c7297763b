"""Requests with a body that the translator refuses: one for each status and way in which it says no."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import jwt

SECRET = "a secret of thirty-two characters"  # noqa: S105 - of the services that a run starts itself
# Windows are counted from 1970: a run meets the end of a day now and then, and the end of these hardly ever.
SETTINGS = {"JWT_SECRET": SECRET, "RATE_LIMIT": "1/366 days"}
SPENT = "spent"  # a caller who has no request left
LEAST_TOO_LONG = 6_000  # bytes; a text of them is longer than MAX_CHARACTERS
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Kind:
    """A request that gets `status`; `caller`: its sender, "" for none, None for a new one each time."""

    status: int
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=lambda: _JSON)
    caller: str | None = None
    least: int = 1

    def headers_of(self, number: int) -> dict[str, str]:
        """Return the headers of the request with this number."""
        caller = f"caller {number}" if self.caller is None else self.caller
        return {**self.headers, **(credential(caller) if caller else {})}

    def body(self, size: int) -> bytes:
        """Return a body of that many bytes, JSON with one text."""
        frame = b'{"text": "%s"}'
        return frame % (b"a" * (max(size, self.least) - len(frame) + 2))


KINDS = (
    Kind(413, "POST", "/translate", least=LEAST_TOO_LONG),
    Kind(404, "POST", "/nowhere", caller=""),
    Kind(405, "PUT", "/translate", caller=""),
    Kind(415, "POST", "/translate", {"Content-Type": "text/plain"}),
    Kind(401, "POST", "/batch", caller=""),
    Kind(403, "POST", "/v2/translate", caller=""),
    Kind(429, "POST", "/batch", caller=SPENT),
    # What the server refuses before the application sees it, and Nginx lets through.
    Kind(414, "POST", "/" + "x" * 5_000, caller=""),
    Kind(431, "POST", "/batch", {f"X-{number}": "x" for number in range(150)}, caller=""),
)


def credential(caller: str) -> dict[str, str]:
    """Return the header by which the services know this caller."""
    token = jwt.encode({"sub": caller, "exp": int(time.time()) + 3600}, SECRET, "HS256")
    return {"Authorization": f"Bearer {token}"}
