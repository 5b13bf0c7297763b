"""One line of the proxy's access log, as far as it says how a request went."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One request: when it `ended` (seconds since 1970), in which pool, and how.

    `tried`: how many servers Nginx asked; 0 is an answer of its own, 2 one that the other slot gave.
    """

    ended: float
    pool: str
    status: int
    milliseconds: int
    tried: int


def parse(line: bytes) -> Request | None:
    """Read one line of the format in nginx/service.conf.j2; None for anything else.

    Nginx writes the bytes of a path as they were sent, and they need not be UTF-8.
    """
    try:
        found = json.loads(line.decode(errors="replace"))
        asked = str(found["upstream"])
        return Request(
            ended=float(found["msec"]),
            pool=str(found["pool"]),
            status=int(found["status"]),
            milliseconds=round(1000 * float(found["request_time"])),
            tried=0 if asked in ("", "-") else asked.count(",") + 1,
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
