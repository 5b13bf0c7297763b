"""Summarise the last minutes of the access log by pool."""

import math
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from relctl.proxy.access_log import AccessLog
from relctl.proxy.access_log_line import Request, client_of

_SET_BACK = 60.0  # seconds; requests are logged in the order of their end, except for moments
MOST_BYTES = 4 * 1024**2  # of a file, from its end: about 15,000 requests


@dataclass(frozen=True)
class PoolTraffic:
    """What clients got from one pool, in milliseconds as they saw them; an error is an unanswered request.

    `gone` requests had a client that left before the answer, for any reason. `stood_in` were answered by the
    other slot; `since` (seconds since 1970) without interruption up to the newest, None if the pool's own
    answered that. `clients`: how many sent requests, 0 if addresses are not logged.
    """

    requests: int
    errors: int
    error_rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    stood_in: int = 0
    since: float | None = None
    gone: int = 0
    clients: int = 0


@dataclass(frozen=True)
class Traffic:
    """The last `seconds` by pool: less than requested if the log is too long to read that far back.

    `unreadable` counts lines of another format; `problem` is why nothing could be read, "" otherwise.
    """

    seconds: float
    pools: dict[str, PoolTraffic] = field(default_factory=dict)
    unreadable: int = 0
    problem: str = ""


def recent_traffic(path: Path, seconds: float, probes: Collection[str] = ()) -> Traffic:
    """Return the traffic of the last `seconds`, without requests for the paths of `probes`."""
    now = time.time()
    try:
        with AccessLog(path, now - seconds, probes, MOST_BYTES) as log:
            read = [request for request in unbroken(list(log.read())) if request.ended <= now]
    except OSError as error:
        return Traffic(0.0, problem=f"{error.filename}: {error.strerror}")
    reached = now - (log.begins or now)
    return Traffic(round(reached, 1), summarise(read), log.losses.garbage)


def unbroken(requests: Sequence[Request]) -> Sequence[Request]:
    """Return the requests since the clock was last set back: earlier ones have later times."""
    newest = math.inf
    for number, request in reversed(list(enumerate(requests))):
        if request.ended > newest + _SET_BACK:
            return requests[number + 1 :]
        newest = min(newest, request.ended)
    return requests


def summarise(requests: Iterable[Request]) -> dict[str, PoolTraffic]:
    """Summarise requests by pool."""
    pools = defaultdict[str, list[Request]](list)
    for request in requests:
        pools[request.pool].append(request)
    return {pool: _pool(sorted(found, key=lambda each: each.ended)) for pool, found in sorted(pools.items())}


def percentile(ascending: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile: the least value that at least `share` of them do not exceed."""
    return ascending[max(math.ceil(share * len(ascending)) - 1, 0)]


def _pool(requests: Sequence[Request]) -> PoolTraffic:
    milliseconds = sorted(float(each.milliseconds) for each in requests)
    errors = sum(each.failed for each in requests)
    p50, p95, p99 = (percentile(milliseconds, share) for share in (0.50, 0.95, 0.99))
    stood_in, rate = sum(each.stood_in for each in requests), round(errors / len(requests), 6)
    gone = sum(each.gone for each in requests)
    clients = len({client_of(each.client) for each in requests} - {""})
    return PoolTraffic(len(requests), errors, rate, p50, p95, p99, stood_in, _since(requests), gone, clients)


def _since(requests: Sequence[Request]) -> float | None:
    """Return when the first of the newest consecutive failed-over requests ended."""
    since = None
    for request in reversed(requests):
        if not request.passed_on:
            break
        since = request.ended
    return since
