"""Parse one line of the proxy's access log: request, pool, upstream and result."""

import ipaddress
import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache

# Between attempts within one location of the configuration, and between locations.
_BETWEEN = re.compile(r", | : ")
_SWITCHED = 101  # of a WebSocket
_ADDRESS = re.compile(r".*:\d+")
# 009 is an answer without a status line; the quotes in a path are escaped.
_NO_NUMBER = re.compile(rb'"status":0+(?=\d)')
_V6_NETWORK = 64  # bits


@dataclass(frozen=True, slots=True)
class Request:
    """One request: when it `ended` (seconds since 1970), in which pool, and how.

    `asked`: whether Nginx forwarded it to a slot at all. `passed_on`: whether Nginx failed over to the other
    slot because the pool's own gave no answer. `client`: its address, "" if not logged. `waited`: the part of
    `milliseconds` spent waiting for the slots, without a slow client's own sending time.
    """

    ended: float
    pool: str
    uri: str
    status: int
    milliseconds: int
    asked: bool
    passed_on: bool
    client: str = ""
    waited: int = 0

    @property
    def failed(self) -> bool:
        """Return whether the client got no answer: 5xx, even Nginx's 502 and 504. A 4xx is the caller's.

        Something that is not HTTP is no answer, nor is an interim one (103) that Nginx passed on as final.
        """
        return self.status >= 500 or (0 < self.status < 200 and self.status != _SWITCHED)

    @property
    def gone(self) -> bool:
        """Return whether the client left before an answer; one that left soon may have had any reason."""
        return self.status == 499

    @property
    def stood_in(self) -> bool:
        """Return whether the other slot answered for the pool's own, unnoticed by the client."""
        return self.passed_on and not (self.failed or self.gone)

    @property
    def fault(self) -> bool:
        """Return whether the pool's own release is to blame, whichever slot answered."""
        return self.failed or self.passed_on


def parse(line: bytes) -> Request | None:
    """Parse one line in the format of nginx/service.conf.j2; returns None for anything else.

    Nginx logs the bytes of a path as they were sent, which need not be UTF-8.
    """
    try:
        found = json.loads(_NO_NUMBER.sub(b'"status":', line, count=1).decode(errors="replace"))
        asked = str(found["upstream"])
        ended = float(found["msec"])
        milliseconds = round(1000 * float(found["request_time"]))
        request = Request(
            ended=ended,
            pool=str(found["pool"]),
            uri=str(found["uri"]),
            status=int(found["status"]),
            milliseconds=milliseconds,
            asked=asked not in ("", "-"),
            passed_on=_differ(asked),
            client=str(found.get("client", "")),
            waited=min(_waited(str(found.get("upstream_time", ""))) or milliseconds, milliseconds),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return request if math.isfinite(ended) else None


def _waited(times: str) -> int:
    """Return the milliseconds spent on all upstream servers, 0 if not logged."""
    try:
        return round(1000 * sum(map(float, _BETWEEN.split(times))))
    except (ValueError, OverflowError):  # "-", or nothing
        return 0


def _differ(addresses: str) -> bool:
    """Return whether the last server differs from the first: one server may be retried on a new connection.

    Nginx writes the name of a group where no server is left to try.
    """
    if " " not in addresses:
        return False
    each = [address for address in _BETWEEN.split(addresses) if _ADDRESS.fullmatch(address)]
    return bool(each) and each[0] != each[-1]


@lru_cache(maxsize=10_000)
def client_of(address: str) -> str:
    """Return the client of an address; "" if it is not an address, as where addresses are not logged."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped or ipaddress.IPv6Address(int(found) >> _V6_NETWORK << _V6_NETWORK))
