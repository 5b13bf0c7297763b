"""Under the real gunicorn: its log is ours, no caller's words are in it, and nothing stays in flight."""

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
CONFIGURATION = f"""
import logging.config
from translator.observe import logs
logging.config.dictConfig(logs.configuration("debug", "{RELEASE}"))
loglevel, errorlog, accesslog = "debug", None, None
worker_class, threads, control_socket_disable = "translator.serving.worker.DrainingWorker", 8, True
"""


@dataclass
class Server:
    """A running gunicorn, which writes its log into a file."""

    port: int
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def ask(self, path: str) -> str:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", path)
            return connection.getresponse().read().decode()

    def send(self, sent: bytes) -> bytes:
        """What comes back until gunicorn closes; the client sends no more than this."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def end(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0
        return [json.loads(line) for line in self.log.read_text(encoding="ascii").splitlines()]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "observed_configuration.py").write_text(CONFIGURATION, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "log").open("wb") as log:
        paths = (tmp_path, ROOT / "service", ROOT / "tests")
        command = "gunicorn --config python:observed_configuration unit.translator.observed_service:create()"
        process = subprocess.Popen(
            [sys.executable, "-m", *command.split(), "--bind", f"fd://{listener.fileno()}"],
            env=os.environ | {"PYTHONPATH": ":".join(map(str, paths))},
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
    messages = [line["message"] for line in lines if line["logger"] == "gunicorn.error"]
    assert "Starting gunicorn" in " ".join(messages)
    assert "Shutting down: Master" in messages
    assert "gunicorn.access" not in {line["logger"] for line in lines}


PLANTED = "aVerySecretWord"
# What is sent, and a word of the line that it leaves at level debug or above.
HOSTILE = {
    f"{PLANTED} {PLANTED}\r\n\r\n": "InvalidRequestLine",
    f"{PLANTED} / HTTP/1.1\r\n\r\n": "InvalidRequestMethod",
    f"GET /livez?{PLANTED} HTTP/9.9\r\n\r\n": "InvalidHTTPVersion",
    f"GET /livez HTTP/1.1\r\nHost: x\r\nAuthorization {PLANTED}\r\n\r\n": "InvalidHeader",
    f"GET /livez HTTP/1.1\r\nHost: x\r\n{PLANTED}(): x\r\n\r\n": "InvalidHeaderName",
    f"GET /livez HTTP/1.1\r\nHost: x\r\nExpect: {PLANTED}\r\n\r\n": "ExpectationFailed",
    f"GET /livez?{PLANTED}": "NoMoreData",
    f"GET /fails?{PLANTED} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n": "Exception on /fails",
    f"GET /breaks?{PLANTED} HTTP/1.1\r\nHost: x\r\n\r\n": "Error handling request",
    f"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{PLANTED}\r\n": "InvalidChunkSize",
    f"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{PLANTED}": "POST /read",
    f"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{PLANTED}": "POST /read",
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
