"""Send many requests over kept connections, without retries; return each answer or its error."""

import contextlib
import http.client
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from relctl.config.gates import Ask

_LOOK = 0.2  # seconds between checks for requests that take too long
_LEAD = 0.02  # seconds from the start of the clients to the first request that is due
_LARGEST = 8 * 1024**2  # bytes of an answer; an endless one must not fill the memory
_LEAST_IN_A_ROW = 5  # unanswered requests before the rest is given up


@dataclass(frozen=True)
class Reply:
    """The result of request `number`; times on the monotonic clock; `status` is 0 without an answer.

    A request is `due` when it should have been `sent`: one that waits for a connection is already late.
    """

    number: int
    due: float
    sent: float
    ended: float
    status: int
    content_type: str
    body: bytes
    error: str

    @property
    def seconds(self) -> float:
        """Return how long the user has waited."""
        return self.ended - self.due


@dataclass(frozen=True)
class Plan:
    """How to send texts: by `clients` concurrently, each answer complete within `timeout` seconds.

    `rate`: requests a second at fixed times, whether or not earlier ones are answered; 0: each client sends
    its next request after its answer. `burst` of them are due together. `headers` go with each.
    """

    ask: Ask
    clients: int
    timeout: float
    rate: float = 0.0
    burst: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)


def send(
    address: str, texts: Sequence[str], plan: Plan, done: Callable[[int], None] = lambda _: None
) -> list[Reply]:
    """Send every text once, in order; returns a reply for each, in that order.

    `done` is called with the number of replies so far, from the threads that get them. After two unanswered
    requests in a row for each client, the rest is not sent and marked so. An exception, such as an interrupt,
    ends all requests at once.
    """
    return _Run(address, texts, plan, done).replies()


class _Client:
    """One kept connection, the deadline of its request, and whether it has sent its last one.

    Wait for `ended`, not for the thread: an interrupted `Thread.join` takes a running thread for one that has
    ended (CPython before 3.13).
    """

    def __init__(self, address: str, timeout: float) -> None:
        self.connection = http.client.HTTPConnection(address, timeout=timeout)
        self.until = inf
        self.ended = threading.Event()

    def abort(self) -> None:
        """Abort the running request, from another thread."""
        sock = self.connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Run:
    """All requests of one call of `send`."""

    def __init__(self, address: str, texts: Sequence[str], plan: Plan, done: Callable[[int], None]) -> None:
        self._texts, self._plan, self._done = texts, plan, done
        self._clients = [_Client(address, plan.timeout) for _ in range(min(plan.clients, len(texts)))]
        self._numbers = itertools.count()
        self._replies: dict[int, Reply] = {}
        self._lock, self._over = threading.Lock(), threading.Event()
        self._in_a_row = 0
        self._began = 0.0

    def replies(self) -> list[Reply]:
        """Send all texts; returns when each has its reply."""
        self._connect()
        self._began = time.monotonic() + _LEAD
        threads = [threading.Thread(target=self._work, args=(client,)) for client in self._clients]
        try:
            for thread in threads:
                thread.start()
            for client in self._clients:
                self._wait_for(client)
        finally:
            self._over.set()
            self._end(threads)
        return [self._replies.get(number) or self._given_up(number) for number in range(len(self._texts))]

    def _connect(self) -> None:
        """Connect in advance: users come through a proxy that keeps its connections."""
        with contextlib.suppress(OSError):  # the first request will report it
            for client in self._clients:
                client.connection.connect()

    def _wait_for(self, client: _Client) -> None:
        while not client.ended.wait(_LOOK):
            for each in self._clients:
                # A socket's timeout restarts with every byte; this one does not.
                if time.monotonic() > each.until:
                    each.abort()

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        for thread, client in zip(threads, self._clients, strict=True):
            while thread.ident is not None and not client.ended.is_set():
                client.abort()
                client.ended.wait(_LOOK)
            client.connection.close()

    def _work(self, client: _Client) -> None:
        try:
            self._send_all(client)
        finally:
            client.ended.set()

    def _send_all(self, client: _Client) -> None:
        while not self._over.is_set() and (number := next(self._numbers)) < len(self._texts):
            due = self._wait_until_due(number)
            if not self._over.is_set():
                self._keep(self._reply(client, number, due))

    def _wait_until_due(self, number: int) -> float:
        if not self._plan.rate:
            return time.monotonic()
        due = self._began + number // self._plan.burst * self._plan.burst / self._plan.rate
        self._over.wait(max(due - time.monotonic(), 0))
        return due

    def _keep(self, reply: Reply) -> None:
        with self._lock:
            self._replies[reply.number] = reply
            self._in_a_row = 0 if reply.status else self._in_a_row + 1
            if self._in_a_row >= max(2 * self._plan.clients, _LEAST_IN_A_ROW):
                self._over.set()
            number = len(self._replies)
        self._done(number)

    def _reply(self, client: _Client, number: int, due: float) -> Reply:
        body = json.dumps({self._plan.ask.text: self._texts[number]}, ensure_ascii=False).encode()
        sent = time.monotonic()
        client.until = sent + self._plan.timeout
        try:
            status, kind, content = _exchange(client.connection, self._plan, body)
        except Exception as error:  # noqa: BLE001 - whatever an answer breaks is its error
            client.connection.close()
            return Reply(number, due, sent, time.monotonic(), 0, "", b"", self._words(error, sent))
        finally:
            client.until = inf
        return Reply(number, due, sent, time.monotonic(), status, kind, content, "")

    def _words(self, error: Exception, sent: float) -> str:
        if time.monotonic() - sent >= self._plan.timeout:
            return f"no complete answer within {self._plan.timeout:g} s"
        return f"{type(error).__name__}: {error}"

    def _given_up(self, number: int) -> Reply:
        now = time.monotonic()
        words = f"not sent: {self._in_a_row} requests in a row got no answer"
        return Reply(number, now, now, now, 0, "", b"", words)


def _exchange(connection: http.client.HTTPConnection, plan: Plan, body: bytes) -> tuple[int, str, bytes]:
    connection.request("POST", plan.ask.path, body, {**plan.headers, "Content-Type": "application/json"})
    with connection.getresponse() as answer:
        content = answer.read(_LARGEST)
        if len(content) == _LARGEST:
            raise ValueError(f"an answer of {_LARGEST} bytes or more")
        if answer.length:  # with a limit, http.client reports no error for missing bytes
            raise http.client.IncompleteRead(content, answer.length)
        return answer.status, answer.headers.get_content_type(), content
