"""Clients that send refused requests one after the other, each to its last byte, before they read."""

import contextlib
import http.client
import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from typing import NamedTuple

from refused_parts.kinds import SPENT, Kind, credential


class Outcome(NamedTuple):
    """A request: the status it should get, what it got ("502", or the name of an error), its size."""

    wanted: int
    got: str
    size: int


class Client:
    """Send requests on one connection as long as it is kept, or each on its own."""

    def __init__(self, port: int, keep_alive: bool = True) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._own = {} if keep_alive else {"Connection": "close"}

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send it all, then return the status of the answer; raises OSError or HTTPException."""
        try:
            self._connection.request(method, path, body, {**headers, **self._own})
            with self._connection.getresponse() as answer:
                answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return answer.status

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def spend(port: int) -> None:
    """Have SPENT use up its only request at a service."""
    with contextlib.closing(Client(port)) as client:
        client.ask("POST", "/batch", b"[]", {"Content-Type": "application/json", **credential(SPENT)})


class Refused:
    """`number` requests of all kinds in turn, of `least` to `most` bytes, evenly spread on a log scale."""

    def __init__(self, kinds: Sequence[Kind], number: int, least: int, most: int) -> None:
        self._kinds, self._number, self._least, self._most = kinds, number, least, most
        self._sizes = random.Random(11)
        self._numbers = count()
        self._lock = threading.Lock()
        self.outcomes: list[Outcome] = []

    def send(self, port: int, clients: int) -> "Refused":
        """Send them from the given number of concurrent clients; every other one keeps its connection."""
        threads = [
            threading.Thread(target=self._client, args=(Client(port, bool(number % 2)),))
            for number in range(clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self

    def wrong(self) -> Counter[str]:
        """Return the requests with another answer than theirs, as "413: 502"."""
        return Counter(f"{wanted}: {got}" for wanted, got, _ in self.outcomes if got != str(wanted))

    def _client(self, client: Client) -> None:
        with contextlib.closing(client):
            while (turn := self._next()) is not None:
                number, kind, size = turn
                try:
                    headers = kind.headers_of(number)
                    got = str(client.ask(kind.method, kind.path, kind.body(size), headers))
                except (OSError, http.client.HTTPException) as error:
                    got = type(error).__name__
                self.outcomes.append(Outcome(kind.status, got, size))

    def _next(self) -> tuple[int, Kind, int] | None:
        with self._lock:
            number = next(self._numbers)
            size = int(self._least * (self._most / self._least) ** self._sizes.random())
        return (number, self._kinds[number % len(self._kinds)], size) if number < self._number else None
