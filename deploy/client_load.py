"""Put keep-alive load on a service, without retries, recording each failure and each answering release."""

import http.client
import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from relctl.errors import RelctlError

_LONGEST = 3600.0  # seconds; a load that is never stopped ends by itself


@dataclass(frozen=True)
class Sample:
    """One request; `sent` and `ended` on the monotonic clock; `release` is "" if it failed."""

    sent: float
    ended: float
    release: str
    error: str


@dataclass(frozen=True)
class Settled:
    """A span in which only `release` may answer: from the end of one move to the start of the next."""

    release: str
    since: float
    until: float


class Load:
    """`connections` clients that POST `body` to `path`, one request after the other, until `stop`.

    A client reconnects only when an answer announced the close, as HTTP requires, or after a counted failure.
    `pause` seconds between a client's requests bound the rate. `headers` go with each request.
    """

    def __init__(
        self,
        address: str,
        path: str,
        body: object,
        connections: int,
        pause: float = 0.0,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._address, self._path, self._pause = address, path, pause
        self._headers = {"Content-Type": "application/json", **headers}
        self._body = json.dumps(body, ensure_ascii=False).encode()
        self._stop = threading.Event()
        self._samples: list[list[Sample]] = [[] for _ in range(connections)]
        self._threads = [
            threading.Thread(target=self._client, args=(samples,), daemon=True) for samples in self._samples
        ]

    def start(self) -> "Load":
        """Start the clients."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> list[Sample]:
        """Let every client finish its request and end; returns all samples in the order they were sent."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return sorted((each for samples in self._samples for each in samples), key=lambda each: each.sent)

    def wait_for(self, requests: int, within: float) -> None:
        """Wait for `requests` more answers; raises RelctlError after `within` seconds."""
        goal, deadline = self.count() + requests, time.monotonic() + within
        while self.count() < goal:
            if time.monotonic() > deadline:
                raise RelctlError(f"the load stands still: {self.count()} requests, waiting for {goal}")
            time.sleep(0.005)

    def count(self) -> int:
        """Return how many requests have ended so far."""
        return sum(len(samples) for samples in self._samples)

    def _client(self, samples: list[Sample]) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        until = time.monotonic() + _LONGEST
        while not self._stop.is_set() and time.monotonic() < until:
            samples.append(self._request(connection))
            if self._pause:
                self._stop.wait(self._pause)
        connection.close()

    def _request(self, connection: http.client.HTTPConnection) -> Sample:
        sent = time.monotonic()
        try:
            connection.request("POST", self._path, self._body, self._headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                return Sample(sent, time.monotonic(), "", f"status {answer.status}: {body[:120]!r}")
            return Sample(sent, time.monotonic(), json.loads(body)["release"], "")
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            connection.close()
            return Sample(sent, time.monotonic(), "", f"{type(error).__name__}: {error}")


def failed(samples: Iterable[Sample]) -> list[Sample]:
    """Return the requests without a correct answer."""
    return [sample for sample in samples if sample.error]


def stale(samples: Iterable[Sample], spans: Sequence[Settled]) -> list[Sample]:
    """Return the requests sent within a settled span and answered by another release."""
    return [
        sample
        for sample in samples
        for span in spans
        if span.since <= sample.sent < span.until and sample.release and sample.release != span.release
    ]
