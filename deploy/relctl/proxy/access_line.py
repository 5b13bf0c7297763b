"""One line of the proxy's access log: what was asked for, of which pool, who answered, and how it went."""

import json
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One request: when it `ended` (seconds since 1970), in which pool, and how.

    `asked`: whether Nginx asked a slot at all, or answered by itself. `passed_on`: whether it asked the other
    slot in the end, because the pool's own gave no answer.
    """

    ended: float
    pool: str
    uri: str
    status: int
    milliseconds: int
    asked: bool
    passed_on: bool

    @property
    def failed(self) -> bool:
        """Whether the client got no answer: 5xx, also those of Nginx (502, 504), or it did not wait (499).

        All other 4xx are the caller's.
        """
        return self.status >= 500 or self.status == 499

    @property
    def stood_in(self) -> bool:
        """Whether the other slot answered for the pool's own; the client noticed nothing."""
        return self.passed_on and not self.failed

    @property
    def fault(self) -> bool:
        """Whether the pool's own release is to blame for it, whoever answered."""
        return self.failed or self.passed_on


def parse(line: bytes) -> Request | None:
    """Read one line of the format in nginx/service.conf.j2; None for anything else.

    Nginx writes the bytes of a path as they were sent, and they need not be UTF-8.
    """
    try:
        found = json.loads(line.decode(errors="replace"))
        asked = str(found["upstream"])
        ended = float(found["msec"])
        request = Request(
            ended=ended,
            pool=str(found["pool"]),
            uri=str(found["uri"]),
            status=int(found["status"]),
            milliseconds=round(1000 * float(found["request_time"])),
            asked=asked not in ("", "-"),
            passed_on="," in asked and _differ(asked),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return request if math.isfinite(ended) else None


def _differ(addresses: str) -> bool:
    """Whether the last server was another than the first: the same may be asked anew, on a new connection."""
    each = addresses.split(", ")
    return each[0] != each[-1]
