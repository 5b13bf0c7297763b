"""Count each pool's traffic from the access log: results by client and over time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import inf

from relctl.proxy.access_log_line import Request, client_of
from relctl.statistics.histogram import column

SPAN = 0.5  # seconds; a disturbance of the machine affects all requests of a span
_MOST_SPANS = 30  # more do not improve a bound
_MOST_KEPT = 240  # then pairs are merged, so that a look costs no more late in a long window
_MOST_CLIENTS = 50_000  # of a pool; further ones count as unknown
# Requests, and share of all, from which a client's times are kept, so that they can count less.
_LARGE, _LARGE_PART = 3, 0.01

Span = Mapping[int, float]
Spans = dict[int, Counter[int]]
_MOST = 0.2  # of a pool's requests is a client's largest share; more count less
_FEWEST = 2  # clients may share all requests, however few there are
_PARTS = 12  # parts of the time before a switch


@dataclass(frozen=True)
class Terms:
    """The terms on which a pool is summed up.

    `patience`: milliseconds after which a client had reason to leave. `slow`: milliseconds that are slow for
    the previous release. `gateway` marks the client that counts in full.
    """

    patience: float = inf
    slow: float = inf
    gateway: str = ""


@dataclass(frozen=True)
class Side:
    """What one pool did; `spans` counts successful requests by milliseconds, over time.

    `requests` and `failed` are weighted counts. Of the client that failed most only one failure counts; its
    other failures are `silenced`, and its answers do not count. `gone` left before an answer; those with
    reason to are among the failed. `gateway` marks the client with more than half of the requests.
    """

    requests: float
    failed: float
    spans: Sequence[Span]
    clients: int = 0
    gone: int = 0
    silenced: float = 0.0
    gateway: str = ""


@dataclass
class _Pool:
    """What one pool did, by client; "" is an unknown client, and in `spans` all of them."""

    answered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    gone: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    spans: dict[str, Spans] = field(default_factory=lambda: {"": defaultdict(Counter)})
    clients: set[str] = field(default_factory=set)
    total: int = 0

    def add(self, request: Request, number: int) -> None:
        self.total += 1
        client = self._known(client_of(request.client))
        if request.fault:
            self.failed[client] += 1
        elif request.gone:
            self.gone[client][column(request.waited)] += 1
        else:
            self.answered[client] += 1
            self._time(client, number, column(request.milliseconds))

    def _known(self, client: str) -> str:
        if client not in self.clients and len(self.clients) >= _MOST_CLIENTS:
            return ""
        self.clients.add(client)
        return client

    def _time(self, client: str, number: int, milliseconds: int) -> None:
        self.spans[""][number][milliseconds] += 1
        if client and (client in self.spans or self._large(client)):
            self.spans.setdefault(client, defaultdict(Counter))[number][milliseconds] += 1

    def _large(self, client: str) -> bool:
        return self.answered[client] >= max(_LARGE, _LARGE_PART * self.total)

    def coarsen(self) -> None:
        for client, spans in self.spans.items():
            halved: Spans = defaultdict(Counter)
            for number, span in spans.items():
                halved[number // 2].update(span)
            self.spans[client] = halved

    def side(self, parts: Sequence[Sequence[int]], terms: Terms) -> Side:
        failed = self.failed + Counter(self._left(terms.patience))
        requests = self.answered + failed
        weight = weights(requests, terms.gateway)
        silent = loudest({each: weight.get(each, 1.0) * of for each, of in failed.items()}, terms.gateway)
        silenced = failed[silent] - 1 if silent else 0  # one failure always counts
        counted = {each: weight.get(each, 1.0) for each in requests if not silenced or each != silent}
        once = 1 if silenced else 0
        return Side(
            once + sum(of * requests[each] for each, of in counted.items()),
            once + sum(of * failed[each] for each, of in counted.items()),
            self._spans(parts, weight, terms),
            clients=len(requests.keys() - {""}),
            gone=sum(each.total() for each in self.gone.values()),
            silenced=silenced,
            gateway=gateway(requests),
        )

    def _left(self, patience: float) -> dict[str, int]:
        """Return how many requests of each client ended because it left with reason."""
        left = {each: sum(of for at, of in gone.items() if at > patience) for each, gone in self.gone.items()}
        return {each: found for each, found in left.items() if found}

    def _spans(self, parts: Sequence[Sequence[int]], weight: Mapping[str, float], terms: Terms) -> list[Span]:
        less = {each: 1 - weight[each] for each in weight if each in self.spans}
        slow = {each: _slow(spans, terms.slow) for each, spans in self.spans.items() if each}
        if silent := loudest(slow, terms.gateway):
            less[silent] = 1.0
        return [self._span(part, less) for part in parts]

    def _span(self, numbers: Sequence[int], less: Mapping[str, float]) -> Span:
        found: dict[int, float] = dict(_sum(self.spans[""], numbers))
        for client, part in less.items():
            for at, of in _sum(self.spans[client], numbers).items():
                found[at] -= part * of
        return {at: of for at, of in found.items() if of > 0} if less else found


class Tally:
    """Counts requests by pool and span of time; those that Nginx answered itself belong to no pool."""

    def __init__(self) -> None:
        self._length = SPAN
        self._pools: dict[str, _Pool] = defaultdict(_Pool)

    def add(self, requests: Iterable[Request]) -> None:
        """Count requests from the log."""
        for request in requests:
            if request.asked:
                self._pools[request.pool].add(request, int(request.ended / self._length))
        while max((len(pool.spans[""]) for pool in self._pools.values()), default=0) > _MOST_KEPT:
            self._length *= 2
            for pool in self._pools.values():
                pool.coarsen()

    def sides(self, *pools: str, terms: Terms = Terms()) -> list[Side]:
        """Return what the pools did, over the same spans."""
        found = [self._pools[pool] for pool in pools]
        numbers = sorted({number for pool in found for number in pool.spans[""]})
        size = -(-len(numbers) // _MOST_SPANS) or 1
        parts = [numbers[at : at + size] for at in range(0, len(numbers), size)]
        return [pool.side(parts, terms) for pool in found]


def _slow(spans: Spans, slow: float) -> int:
    return sum(of for span in spans.values() for at, of in span.items() if at > slow)


def _sum(spans: Mapping[int, Counter[int]], numbers: Sequence[int]) -> Counter[int]:
    found: Counter[int] = Counter()
    for number in numbers:
        found.update(spans.get(number, {}))
    return found


def mark(client: str) -> str:
    """Return four hex digits that recognise a client but cannot name it: ledgers are kept for years."""
    return sha256(client.encode()).hexdigest()[:4] if client else ""


def gateway(requests: Mapping[str, float]) -> str:
    """Return the mark of the client with more than half of the requests, "" without one."""
    most = max((each for each in requests if each), key=lambda each: requests[each], default="")
    return mark(most) if most and requests[most] > sum(requests.values()) / 2 else ""


def standing_gateway(requests: Sequence[tuple[float, str]]) -> str:
    """Return the mark of the client that mostly had more than half of the requests, given as (age, client).

    A flood shortly before a switch thus makes no client a gateway.
    """
    oldest = max((age for age, _ in requests), default=0.0)
    parts = [Counter[str]() for _ in range(_PARTS)]
    for age, client in requests:
        parts[min(int(_PARTS * max(age, 0.0) / (oldest or 1.0)), _PARTS - 1)][client] += 1
    found = Counter(gateway(part) for part in parts if part)
    most, times = max(found.items(), key=lambda each: each[1], default=("", 0))
    return most if times > found.total() / 2 else ""


def weights(requests: Mapping[str, float], known: str) -> dict[str, float]:
    """Return the weight of a request for each client above its share; `known` marks a gateway.

    Unknown clients ("") are one each.
    """
    sizes = {each: found for each, found in requests.items() if each and mark(each) != known}
    if not sizes:
        return {}
    rest, share = sum(requests.values()), max(_MOST, _FEWEST / len(sizes))
    most = rest
    for number, size in enumerate(sorted(sizes.values(), reverse=True)):
        most = share * rest / (1 - share * number)  # then the first `number + 1` have just their share
        if size <= most:
            break
        rest -= size
    return {each: most / size for each, size in sizes.items() if size > most}


def loudest(failures: Mapping[str, float], known: str) -> str:
    """Return the client with most failures, except a gateway; "" where no known client has any."""
    found: Iterable[str] = (each for each in failures if each and failures[each] and mark(each) != known)
    return max(found, key=lambda each: failures[each], default="")
