"""Limit each client's weight: a bounded share of a pool's requests, and a single failure.

A client with more than half of the previous release's requests is a gateway for many, and counts in full.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

_MOST = 0.2  # of a pool's requests is a client's largest share; more count less
_FEWEST = 2  # clients may share all requests, however few there are
_PARTS = 12  # parts of the time before a switch


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
