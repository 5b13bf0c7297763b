"""A service whose every answer a test decides, down to the bytes and to breaking the connection instead."""

import contextlib
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from hosts import Bench
from relctl.engine.slots import SLOTS

OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"


@dataclass(frozen=True)
class Asked:
    """One request as it came: its first line, its headers by their names as sent, its body."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: socket.socket


Answer = Callable[[Asked], bytes | None]


@dataclass
class OddService:
    """Listens at `port`; `answer` gives the bytes that are sent, None to break off the connection."""

    name: str
    port: int
    answer: Answer
    asked: list[Asked] = field(default_factory=list)
    _listener: socket.socket | None = None
    _open: list[socket.socket] = field(default_factory=list)

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """End as a process does: nothing listens, and every connection is closed."""
        listener, self._listener = self._listener, None
        for each in (*([listener] if listener else []), *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while (found := _read(stream, connection)) is not None:
                self.asked.append(found)
                answer = self.answer(found)
                if answer is None:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(answer)


def _read(stream: io.BufferedReader, connection: socket.socket) -> Asked | None:
    line = stream.readline().decode("latin-1").strip()
    if not line:
        return None
    headers = dict[str, str]()
    while header := stream.readline().decode("latin-1").strip():
        name, _, value = header.partition(":")
        headers[name] = value.strip()
    length = next((int(value) for name, value in headers.items() if name.lower() == "content-length"), 0)
    return Asked(line, headers, stream.read(length), connection)


def says(text: str) -> Answer:
    """Answer every request with this text."""
    return lambda _asked: OK % (len(text), text.encode())


def breaks(_asked: Asked) -> None:
    """Read the request, then break off, as a process does that the request has killed."""


@dataclass(frozen=True)
class Answered:
    """What a client got."""

    status: int
    text: str
    headers: dict[str, str]


@dataclass
class Slots:
    """Two odd services in the places of blue and green, behind the Nginx of a bench, with blue live."""

    stand: Bench
    blue: OddService
    green: OddService
    sent: int = 0

    def ask(self, method: str = "GET", path: str = "/", body: bytes = b"", **headers: str) -> Answered:
        """Send one request, whose answer has been read; names of headers with - for _."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send(method, path, body, named)

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answered:
        """Send one request with headers as they stand."""
        self.sent += 1
        with contextlib.closing(HTTPConnection(self.stand.listen, timeout=20)) as client:
            client.request(method, path, body or None, headers)
            found = client.getresponse()
            text = found.read().decode()
        return Answered(found.status, text, {name.lower(): value for name, value in found.getheaders()})

    def raw(self, request: bytes) -> bytes:
        """Send bytes, and return all that comes until the connection is closed."""
        self.sent += 1
        host, _, port = self.stand.listen.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(65536), b""))

    def logged(self) -> dict[str, Any]:
        """The line of the last request, which Nginx writes to its log after the answer."""
        log, deadline = self.stand.host.paths.access_log, time.monotonic() + 30
        while len(lines := log.read_text().splitlines()) < self.sent:
            assert time.monotonic() < deadline, "Nginx has not logged what it answered"
            time.sleep(0.01)
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    def got(self) -> tuple[int, int]:
        """How many requests blue and green have got."""
        return len(self.blue.asked), len(self.green.asked)


@contextlib.contextmanager
def odd_slots(stand: Bench) -> Iterator[Slots]:
    """Serve from both slots until the block ends; Nginx is not started yet."""
    publish = stand.host.project.environment.network.publish
    assert publish is not None
    blue, green = (OddService(slot, getattr(publish, slot), says(slot)) for slot in SLOTS)
    made = Slots(stand, blue, green)
    stand.host.proxy.pointer.move("blue")
    made.blue.start()
    made.green.start()
    try:
        yield made
    finally:
        made.blue.stop()
        made.green.stop()
