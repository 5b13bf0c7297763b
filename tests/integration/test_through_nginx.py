"""What a service sees of a request that comes through a real Nginx, and its client of the answer."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from hosts import Bench, bench
from relctl.rollout.host import Host


@dataclass
class Seen:
    """What a service has seen: by request its headers, its version of HTTP, and the connection's number."""

    requests: list[tuple[dict[str, str], str, int]] = field(default_factory=list)

    @property
    def connections(self) -> int:
        return len({port for _, _, port in self.requests})


@dataclass
class Services:
    """A bench whose slots hold services that note what they see; either can be stopped and started."""

    stand: Bench
    seen: dict[str, Seen]
    running: dict[str, ThreadingHTTPServer] = field(default_factory=dict)

    def start(self, slot: str) -> None:
        self.running[slot] = server = _serve(slot, self.seen[slot], self._port(slot))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self, slot: str) -> None:
        server = self.running.pop(slot)
        server.shutdown()
        server.server_close()

    def ask(self, client: HTTPConnection | None = None, **headers: str) -> tuple[int, str, dict[str, str]]:
        """Ask for something; returns status, who answered, and the headers of the answer."""
        asked = client or self.client()
        asked.request("GET", "/", headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = asked.getresponse()
        body = answer.read().decode()
        if client is None:
            asked.close()
        return answer.status, body, {name.lower(): value for name, value in answer.getheaders()}

    def client(self) -> HTTPConnection:
        host, _, port = self.stand.listen.partition(":")
        return HTTPConnection(host, int(port), timeout=10)

    def logged(self, lines: int) -> list[dict[str, Any]]:
        """The first lines of the access log, which Nginx writes after the answer."""
        deadline = time.monotonic() + 10
        while len(found := self.stand.host.paths.access_log.read_text().splitlines()) < lines:
            assert time.monotonic() < deadline, "Nginx has not logged what it answered"
            time.sleep(0.01)
        return [json.loads(line) for line in found]

    def _port(self, slot: str) -> int:
        publish = self.stand.host.project.environment.network.publish
        assert publish is not None
        port: int = getattr(publish, slot)
        return port


def _serve(slot: str, seen: Seen, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.requests.append((headers, self.request_version, self.client_address[1]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(slot)))
            self.end_headers()
            self.wfile.write(slot.encode())

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it
            """Say nothing."""

    return _Server(("127.0.0.1", port), Handler)


class _Server(ThreadingHTTPServer):
    """Closes its connections with itself, as a process does."""

    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self.open: list[socket.socket] = []
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.append(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        super().server_close()
        for each in self.open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def keeping_connections(stand: Bench) -> Host:
    """The host under a usual contract: the bench's promises so little that any stall outlasts it."""
    versions = stand.host.project.versions
    contract = versions.contract.model_copy(update={"keep_alive": 60.0})
    return stand.with_project(versions=versions.model_copy(update={"contract": contract}))


@pytest.fixture
def services() -> Iterator[Services]:
    with bench() as stand:
        made = Services(stand, {"blue": Seen(), "green": Seen()})
        for slot in made.seen:
            made.start(slot)
        stand.host.proxy.pointer.move("blue")
        keeping_connections(stand).proxy.apply()
        yield made
        for slot in list(made.running):
            made.stop(slot)


def test_a_service_is_told_who_asked_for_what_and_under_which_number(services: Services) -> None:
    services.ask(X_Forwarded_For="192.0.2.7", X_Request_ID="my own", X_Forwarded_Proto="https")
    [(headers, version, _)] = services.seen["blue"].requests
    assert headers["host"] == services.stand.listen
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-request-id"] == services.logged(1)[0]["request_id"]
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
    assert version == "HTTP/1.1"


def test_connections_to_client_and_service_are_kept(services: Services) -> None:
    client = services.client()
    ports = set()
    for _ in range(3):
        _, _, headers = services.ask(client)
        assert client.sock is not None, "Nginx closed the connection of its client"
        ports.add(client.sock.getsockname()[1])
        assert headers["connection"] == "keep-alive"
    client.close()
    assert len(ports) == 1
    assert not any("connection" in headers for headers, *_ in services.seen["blue"].requests)
    assert services.seen["blue"].connections == 1, "one worker has one client, and needs one connection"


def test_nginx_does_not_say_which_one_it_is(services: Services) -> None:
    assert services.ask()[2]["server"] == "nginx"


def test_a_slot_that_was_gone_for_a_moment_is_asked_at_once_when_it_is_back(services: Services) -> None:
    """Nor does one refusal of both keep the standby from standing in for the next ten seconds."""
    services.stop("blue")
    assert services.ask()[:2] == (200, "green")
    services.stop("green")
    assert services.ask()[0] == 502
    services.start("green")
    assert services.ask()[:2] == (200, "green")
    services.logged(3)  # another worker may log the next one first
    services.start("blue")
    assert services.ask()[:2] == (200, "blue")
    tried = [set(line["upstream"].split(" : ")) for line in services.logged(4)]
    assert [len(each) for each in tried] == [2, 2, 2, 1]
