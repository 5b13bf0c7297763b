"""Why a service is not ready: the last answer or the connection error, and the way out."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest

from relctl.config.versions import Contract
from relctl.engine.protocol import Container
from relctl.probe import ready
from relctl.probe.ready import NeverReadyError, unready, wait_until_ready
from relctl.probe.service import Service, UnreachableError
from still_clock import StillClock

HEADERS = "contract.probe_headers in versions.yaml"


@contextmanager
def answering(status: int, body: bytes, headers: Mapping[str, str], seen: list[Any]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


CONTRACT = Contract(port=8000)


@pytest.mark.parametrize(
    ("status", "body", "headers", "words", "way_out"),
    [
        (400, b"\n\nHost is not allowed\nmore", {}, "answers 400, Host is not allowed", HEADERS),
        (301, b"", {"Location": "https://shop.example/"}, "301, Location: https://shop.example/", HEADERS),
        (403, b"no", {}, "answers 403, no", HEADERS),
        (401, b"", {}, "answers 401", "without credentials"),
        (404, b"nothing here", {}, "answers 404, nothing here", "contract.ready in versions.yaml is /readyz"),
        (503, b'{"why": "model"}', {}, 'answers 503, {"why": "model"}', ""),
        (500, b"\xff\xfe", {}, "answers 500, \ufffd\ufffd", ""),
        (204, b"", {}, "answers 204", ""),
    ],
)
def test_the_last_answer_is_named(
    status: int, body: bytes, headers: dict[str, str], words: str, way_out: str
) -> None:
    with answering(status, body, headers, []) as address:
        found = unready(Service(address, CONTRACT))
    assert found is not None
    assert f"GET http://{address}/readyz {words}" in found.words or words in found.words
    assert (way_out in found.way_out) if way_out else not found.way_out


def test_who_refuses_is_told_where_to_listen() -> None:
    found = unready(Service("127.0.0.1:1", CONTRACT))
    assert found is not None
    assert "ConnectionRefusedError" in found.words
    assert "0.0.0.0:8000" in found.way_out


def test_ready_is_nothing_to_say() -> None:
    with answering(200, b"", {}, []) as address:
        assert unready(Service(address, CONTRACT)) is None


def test_probes_carry_the_headers_of_the_contract_and_a_requests_own_go_before_them() -> None:
    contract = Contract(port=8000, probe_headers={"Host": "shop.example", "X-Forwarded-Proto": "https"})
    seen = list[Any]()
    with answering(200, b"{}", {}, seen) as address:
        service = Service(address, contract)
        assert service.is_ready()
        service.info()
        service.send("GET", "/", headers={"host": "other.example"})
    assert [each["Host"] for each in seen] == ["shop.example", "shop.example", "other.example"]
    assert [each["X-Forwarded-Proto"] for each in seen] == ["https"] * 3


class Silent:
    """An engine whose container runs on."""

    def __init__(self, address: str, restarts: int = 0) -> None:
        self.found = Container("c", "sha256:1", {}, True, restarts, 0, address)

    def container(self, _name: str) -> Container:
        return self.found

    def logs(self, _name: str, lines: int) -> str:
        return ""


def test_what_was_never_ready_says_so_with_its_last_answer_restarts_and_a_next_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ready, "time", StillClock())
    with answering(301, b"", {"Location": "https://x/"}, []) as address:
        engine = Silent(address, restarts=2)
        with pytest.raises(NeverReadyError) as raised:
            wait_until_ready(cast("Any", engine), engine.found, CONTRACT, 0.2)
    assert raised.value.message == (
        f"container c was not ready within 0 s, restarted 2 times: "
        f"GET http://{address}/readyz answers 301, Location: https://x/; it wrote no log"
    )
    assert HEADERS in raised.value.hint


def test_an_answer_that_drips_is_not_waited_for_beyond_its_time() -> None:
    drips = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):  # who asked has gone
                while not drips.wait(0.05):
                    self.wfile.write(b".")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        with pytest.raises(UnreachableError, match=r"GET .*/slow: "):
            Service(f"127.0.0.1:{server.server_port}", CONTRACT).get("/slow", timeout=0.4)
    finally:
        drips.set()
        server.shutdown()
        server.server_close()
