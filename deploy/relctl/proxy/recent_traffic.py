"""What was answered over the last minutes, by pool: the end of the access log, summed up."""

import itertools
import json
import math
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from relctl.proxy.log_tail import Tail, read_tail

_SLACK = 2.0  # seconds; lines come in the order in which requests end, by the clocks of several workers


@dataclass(frozen=True)
class Request:
    """One line of the access log: `at`, seconds since the epoch, when it had ended; `seconds` it took."""

    at: float
    pool: str
    uri: str
    status: int
    seconds: float


@dataclass(frozen=True)
class PoolTraffic:
    """What one pool answered, milliseconds as clients saw them; an error is a status of 500 or above."""

    requests: int
    errors: int
    error_rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Traffic:
    """The last `seconds` by pool: fewer than were asked for where the log is too long to be read so far back.

    `unreadable` counts lines of another format; `problem` says why nothing could be read, "" otherwise.
    """

    seconds: float
    pools: dict[str, PoolTraffic] = field(default_factory=dict)
    unreadable: int = 0
    problem: str = ""


def recent_traffic(log: Path, seconds: float, probes: Collection[str] = ()) -> Traffic:
    """Tell what was answered in the last `seconds`, requests for the paths of `probes` left out.

    These are asked by machines and answered at once: relctl's own would make a slow release look fast.
    """
    try:
        tail = read_tail(log)
    except OSError as error:
        return Traffic(0.0, problem=f"{error.filename}: {error.strerror}")
    return summarise(tail, time.time(), seconds, probes)


def summarise(tail: Tail, now: float, seconds: float, probes: Collection[str] = ()) -> Traffic:
    """Sum up the requests that ended in the last `seconds` before `now`, other than `probes`."""
    read = _back_to(tail.lines, now - seconds - _SLACK)
    known = [request for request in read if request is not None]
    reached = seconds
    if not tail.whole and len(read) == len(tail.lines):  # nothing that was read is older than asked for
        reached = min(seconds, now - min((each.at for each in known), default=now))
    pools = defaultdict[str, list[Request]](list)
    for request in known:
        if now - seconds < request.at <= now and request.uri not in probes:
            pools[request.pool].append(request)
    summed = {pool: _pool(requests) for pool, requests in sorted(pools.items())}
    return Traffic(round(reached, 1), summed, len(read) - len(known))


def percentile(ascending: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile: the least value that `share` of them do not exceed."""
    return ascending[max(math.ceil(share * len(ascending)) - 1, 0)]


def _back_to(lines: Sequence[bytes], since: float) -> list[Request | None]:
    """Read lines from the last one back to the first that is too old; None for one that is not ours."""
    newest_first = (_request(line) for line in reversed(lines))
    return list(itertools.takewhile(lambda each: each is None or each.at > since, newest_first))


def _request(line: bytes) -> Request | None:
    """Read a line; None for one that is torn, or written in another format."""
    try:
        found = json.loads(line)
        at, seconds = float(found["msec"]), float(found["request_time"])
        request = Request(at, str(found["pool"]), str(found["uri"]), int(found["status"]), seconds)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return request if math.isfinite(at) and math.isfinite(seconds) else None


def _pool(requests: Sequence[Request]) -> PoolTraffic:
    milliseconds = sorted(1000 * each.seconds for each in requests)
    errors = sum(each.status >= 500 for each in requests)
    p50, p95, p99 = (round(percentile(milliseconds, share), 1) for share in (0.50, 0.95, 0.99))
    return PoolTraffic(len(requests), errors, round(errors / len(requests), 6), p50, p95, p99)
