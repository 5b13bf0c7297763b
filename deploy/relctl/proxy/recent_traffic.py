"""What was answered over the last minutes, by pool: the end of the access log, summed up."""

import math
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from relctl.proxy.access_line import Request
from relctl.proxy.access_log import AccessLog

MOST_BYTES = 4 * 1024**2  # of a file, from its end: about 15,000 requests


@dataclass(frozen=True)
class PoolTraffic:
    """What clients got of one pool, milliseconds as they saw them; an error is a request without an answer.

    `stood_in` of the requests were answered by the other slot; `since` (seconds since 1970) without a break
    up to the newest, None where the newest was answered by the pool's own.
    """

    requests: int
    errors: int
    error_rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    stood_in: int = 0
    since: float | None = None


@dataclass(frozen=True)
class Traffic:
    """The last `seconds` by pool: fewer than were asked for where the log is too long to be read so far back.

    `unreadable` counts lines of another format; `problem` says why nothing could be read, "" otherwise.
    """

    seconds: float
    pools: dict[str, PoolTraffic] = field(default_factory=dict)
    unreadable: int = 0
    problem: str = ""


def recent_traffic(path: Path, seconds: float, probes: Collection[str] = ()) -> Traffic:
    """Tell what was answered in the last `seconds`, requests for the paths of `probes` left out."""
    now = time.time()
    try:
        with AccessLog(path, now - seconds, probes, MOST_BYTES) as log:
            read = [request for request in log.read() if request.ended <= now]
    except OSError as error:
        return Traffic(0.0, problem=f"{error.filename}: {error.strerror}")
    reached = now - (log.begins or now)
    return Traffic(round(reached, 1), summarise(read), log.losses.garbage)


def summarise(requests: Iterable[Request]) -> dict[str, PoolTraffic]:
    """Sum requests up by pool."""
    pools = defaultdict[str, list[Request]](list)
    for request in requests:
        pools[request.pool].append(request)
    return {pool: _pool(sorted(found, key=lambda each: each.ended)) for pool, found in sorted(pools.items())}


def percentile(ascending: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile: the least value that `share` of them do not exceed."""
    return ascending[max(math.ceil(share * len(ascending)) - 1, 0)]


def _pool(requests: Sequence[Request]) -> PoolTraffic:
    milliseconds = sorted(float(each.milliseconds) for each in requests)
    errors = sum(each.failed for each in requests)
    p50, p95, p99 = (percentile(milliseconds, share) for share in (0.50, 0.95, 0.99))
    stood_in, rate = sum(each.stood_in for each in requests), round(errors / len(requests), 6)
    return PoolTraffic(len(requests), errors, rate, p50, p95, p99, stood_in, _since(requests))


def _since(requests: Sequence[Request]) -> float | None:
    """When the first of the newest requests ended that were all passed on."""
    since = None
    for request in reversed(requests):
        if not request.passed_on:
            break
        since = request.ended
    return since
