"""With a request in every thread's hands, work is refused and probes are answered at once."""

import contextlib
import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from translator.serving.crowd import find_size
from translator.serving.patience import REQUEST_WITHIN
from unit.translator.service_process import Service, Services

BODY = json.dumps({"text": "今天天气真好。"}).encode()
POST = b"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
AWAITED = POST.replace(b"Host: x", b"Host: x\r\nContent-Type: application/json")
WHOLE = AWAITED.replace(b"Host: x", b"Host: x\r\nConnection: close") + b"null"


@pytest.mark.parametrize(
    "data",
    [
        POST + b"body",
        POST + b"body and the next request",
        POST.replace(b"/translate", b"/v2/translate?target_lang=EN") + b"body",
        POST.replace(b"/translate", b"/batch") + b"body",
        POST.replace(b"Content-Length", b"CONTENT-length") + b"body",
        b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /livez HTTP/1.0\r\n\r\n",
    ],
)
def test_work_and_probes_that_have_arrived_are_answered_at_once(data: bytes) -> None:
    size = find_size(data)
    assert size is not None
    assert size <= len(data)


@pytest.mark.parametrize("length", [1, 11, 20, len(POST) - 1, len(POST), len(POST) + 3])
def test_the_rest_of_a_small_request_is_waited_for(length: int) -> None:
    size = find_size((POST + b"body")[:length])
    assert size == (length + 1 if length < len(POST) else len(POST) + 4)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        POST.replace(b"4", b"1" * 5_000) + b"body",
        POST.replace(b"4", b"-4") + b"body",
        POST.replace(b"4", b"four") + b"body",
        POST.replace(b"/translate", b"/translates") + b"body",
        POST.replace(b"Host: x", b"Transfer-Encoding: chunked") + b"body",
        POST.replace(b"Host: x", b"Expect: 100-continue") + b"body",
        POST.replace(b"Host: x", b"Content-Length: 20000") + b"body",
        b"GET /translate HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_everything_else_waits_for_a_thread(data: bytes) -> None:
    assert find_size(data) is None


@pytest.fixture(scope="module")
def crowded() -> Iterator[Service]:
    """A service whose every thread waits for the rest of a request that nobody sends."""
    services = Services()
    try:
        service = services.start(THREADS="3", QUEUE_REQUESTS="2")
        service.wait_for("/readyz", 200, put_away=True)
        for _ in range(3):
            held = service.open.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            held.sendall(AWAITED)
        wait_until_crowded(service)
        yield service
    finally:
        services.end()


def wait_until_crowded(service: Service) -> None:
    """Return when work is refused again and again.

    Once would not do: a thread that has looked before the request came gives its connection back first.
    """
    refused, deadline = 0, time.monotonic() + REQUEST_WITHIN
    while refused < 10:
        refused = refused + 1 if service.send(WHOLE) == 503 else 0
        assert time.monotonic() < deadline, "a thread is free"
        time.sleep(0.02)


def cpu_seconds(service: Service) -> float:
    """What the worker has used so far."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    fields = Path(f"/proc/{children.read_text().split()[0]}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def split_metric(line: str) -> tuple[str, str]:
    """The name with its labels in the order of the alphabet, and the value."""
    name, _, value = line.rpartition(" ")
    return ("", "0") if line.startswith("#") else (name, value)


def answer(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    connection.request("POST", "/translate", BODY, {"Content-Type": "application/json"})
    return connection.getresponse()


def test_a_kept_connection_is_refused_again_and_again_while_no_thread_is_free(crowded: Service) -> None:
    with contextlib.closing(crowded.connect()) as connection:
        began = time.monotonic()
        for _ in range(20):
            found = answer(connection)
            problem = json.load(found)
            assert (found.status, found.headers["Retry-After"]) == (503, "1")
            assert found.headers["X-Request-Id"]
            assert found.headers["X-Content-Type-Options"] == "nosniff"
            assert problem["detail"] == "The service is busy; try again in a moment."
        assert crowded.get("/readyz") == crowded.get("/livez") == 200
        # A thread would have been free only after the ten seconds that a request may take to arrive.
        assert time.monotonic() - began < 5


def test_a_request_that_comes_in_parts_is_not_lost_meanwhile(crowded: Service) -> None:
    with socket.create_connection(("127.0.0.1", crowded.port), timeout=20) as slow:
        for piece in (AWAITED[:30], AWAITED[30:60], AWAITED[60:], b"nu"):
            slow.sendall(piece)
            assert crowded.get("/readyz") == 200
        slow.sendall(b"ll")
        assert slow.recv(12) == b"HTTP/1.1 503"


def test_who_goes_in_the_middle_of_a_request_costs_nothing(crowded: Service) -> None:
    for part in (b"", AWAITED[:10], AWAITED[:60], AWAITED, AWAITED + b"nul"):
        with socket.create_connection(("127.0.0.1", crowded.port), timeout=20) as short:
            short.sendall(part)
    began, spent = time.monotonic(), cpu_seconds(crowded)
    while time.monotonic() - began < 1:
        assert crowded.get("/readyz") == 200
        time.sleep(0.1)
    assert cpu_seconds(crowded) - spent < 0.5


def test_afterwards_it_translates_and_has_counted_what_it_refused(crowded: Service) -> None:
    with contextlib.closing(crowded.connect()) as connection:
        deadline = time.monotonic() + 60
        while (found := answer(connection)).status == 503:
            found.read()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert json.load(found)["translation"] == "The weather is great today."
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
        values = {name: float(value) for name, value in map(split_metric, metrics.splitlines())}
        refused = values['translator_refused_total{reason="queue_full"}']
        assert refused >= 20
        assert (
            values['translator_http_requests_total{method="POST",route="/translate",status="503"}'] == refused
        )
