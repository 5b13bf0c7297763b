"""Under the real server: its log is ours, no caller's words are in it, and nothing stays in flight."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from unit.translator.observed_service import RELEASE, WORDS, samples

ROOT = Path(__file__).parents[3]
PROGRAM = f"""
import dataclasses, logging.config, socket, sys
from translator.observe import logs
from translator.server import make_server
from unit.translator.applications import make_parts
from unit.translator.observed_service import observed
logging.config.dictConfig(logs.configuration("debug", "{RELEASE}"))
application, metrics = observed()
parts = dataclasses.replace(make_parts(), metrics=metrics)
make_server(application, parts, 100).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
"""


@dataclass
class Server:
    """A running server, which writes its log into a file."""

    port: int
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def ask(self, path: str) -> str:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", path)
            return connection.getresponse().read().decode()

    def send(self, sent: bytes) -> bytes:
        """What comes back until the server closes; the client sends no more than this."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def end(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0
        return [json.loads(line) for line in self.log.read_text(encoding="ascii").splitlines()]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(listener.fileno())],
            env=os.environ
            | {"PYTHONPATH": ":".join(str(ROOT / name) for name in ("service", "tests", "benchmarks"))},
            pass_fds=[listener.fileno()],
            start_new_session=True,
            stderr=log,
        )
        try:
            # The kernel completes connections from now on, so nothing has to be waited for.
            yield Server(listener.getsockname()[1], tmp_path / "log", process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def test_every_line_is_json_and_names_the_release(server: Server) -> None:
    assert "alive" in server.ask("/livez")
    lines = server.end()
    assert {line["release"] for line in lines} == {RELEASE}
    messages = [line["message"] for line in lines if line["logger"] == "uvicorn.error"]
    assert "Started server process" in " ".join(messages)
    assert "Shutting down" in messages
    assert "uvicorn.access" not in {line["logger"] for line in lines}
    assert not any("color_message" in line for line in lines)


PLANTED = "aVerySecretWord"
# What is sent, and a word of the line that it leaves at level debug or above.
NOT_FOUND = "POST unmatched 404"
INVALID = "Invalid HTTP request received."
HOSTILE = {
    f"{PLANTED} {PLANTED}\r\n\r\n": INVALID,
    f"{PLANTED} / HTTP/1.1\r\n\r\n": INVALID,
    f"GET /livez?{PLANTED} HTTP/9.9\r\n\r\n": INVALID,
    f"GET /livez HTTP/1.1\r\nHost: x\r\nAuthorization {PLANTED}\r\n\r\n": INVALID,
    f"GET /livez HTTP/1.1\r\nHost: x\r\n{PLANTED}(): x\r\n\r\n": INVALID,
    f"GET /livez HTTP/1.1\r\nHost: x\r\nExpect: {PLANTED}\r\n\r\n": "417",
    f"GET /livez?{PLANTED}": "",
    f"GET /fails?{PLANTED} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n": "Exception on /fails",
    f"GET /breaks?{PLANTED} HTTP/1.1\r\nHost: x\r\n\r\n": "error handling a request",
    f"GET /stops?{PLANTED} HTTP/1.1\r\nHost: x\r\n\r\n": "Exception in ASGI application",
    f"POST /translate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{PLANTED}\r\n": NOT_FOUND,
    f"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{PLANTED}": NOT_FOUND,
}


def test_whatever_a_caller_sends_is_not_in_the_log(server: Server) -> None:
    for sent in HOSTILE:
        server.send(sent.encode())
        scraped = samples(server.ask("/metrics"), "translator_http_requests_in_flight")
        assert scraped == {"": 1}, f"the scrape itself, and not {sent}"
    lines = json.dumps(server.end(), ensure_ascii=False)
    assert [word for word in HOSTILE.values() if word not in lines] == []
    assert [word for word in (PLANTED, WORDS, "Traceback") if word in lines] == []


def test_who_has_an_answer_finds_it_counted(server: Server) -> None:
    for number in range(1, 21):
        server.ask("/items/7")
        requests = samples(server.ask("/metrics"), "translator_http_requests_total")
        assert requests["GET /items/<name> 204"] == number
