"""The real process starts, keeps its connections, drains and fails as promised."""

import contextlib
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from translator.engines.model_files import checksum
from translator.release import UNKNOWN
from translator.server import KEEP_ALIVE
from unit.translator.clean_service import clean_service
from unit.translator.service_process import MODEL, SERVICE, Service

Start = Callable[..., Service]
BODY = '{"text": "北京天气很好。"}'.encode()
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with clean_service() as started:
        yield started


def post(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    connection.request("POST", "/translate", BODY, HEADERS)
    response = connection.getresponse()
    response.read()
    return response


def make_slow_model(model_dir: Path, tmp_path: Path) -> tuple[Path, Callable[[], object]]:
    """A model that is not loaded until the function is called."""
    slow = shutil.copytree(model_dir, tmp_path / "model")
    vocabulary = slow / "shared_vocabulary.json"
    text = vocabulary.read_bytes()
    vocabulary.unlink()
    os.mkfifo(vocabulary)  # reading waits until someone writes
    return slow, lambda: vocabulary.write_bytes(text)


def test_a_service_is_alive_while_it_loads_and_ready_once_it_can_translate(
    start: Start, model_dir: Path, tmp_path: Path
) -> None:
    slow, finish_loading = make_slow_model(model_dir, tmp_path)
    service = start(MODEL_DIR=str(slow))
    service.wait_for("/livez", 200)
    assert service.get("/readyz") == 503
    finish_loading()
    service.wait_for("/readyz", 200)
    assert post(service.connect()).status == 200


# Python runs this before anything else: callers wait as long as the test needs, and not two seconds.
PATIENT = """
import functools, translator.parts
translator.parts.Lifecycle = functools.partial(translator.parts.Lifecycle, patience=60)
"""


def test_probes_are_answered_while_every_thread_waits_for_the_model(
    start: Start, model_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(PATIENT)
    folder, finish_loading = make_slow_model(model_dir, tmp_path)
    path = os.pathsep.join((str(tmp_path), str(SERVICE)))
    service = start(MODEL_DIR=str(folder), THREADS="3", QUEUE_REQUESTS="2", PYTHONPATH=path)
    service.wait_for("/livez", 200)
    callers = [service.connect() for _ in range(5)]
    for caller in callers:
        caller.request("POST", "/translate", BODY, HEADERS)
    refused = wait_for_answers(callers, 2)  # the others have a thread each, so now none is free
    assert {caller.getresponse().status for caller in refused} == {503}
    assert [service.get(path) for path in ("/livez", "/readyz", "/livez")] == [200, 503, 200]
    waiting = [caller for caller in callers if caller not in refused]
    assert select.select([caller.sock for caller in waiting], [], [], 0) == ([], [], [])
    finish_loading()
    # The queue has room for two at a time.
    assert sorted(caller.getresponse().status for caller in waiting)[:2] == [200, 200]


def wait_for_answers(
    callers: list[http.client.HTTPConnection], number: int
) -> list[http.client.HTTPConnection]:
    """Those who have an answer, once they are so many."""
    answered: list[http.client.HTTPConnection] = []
    while len(answered) < number:
        left = {caller.sock: caller for caller in callers if caller not in answered}
        found, _, _ = select.select(list(left), [], [], 60)
        assert found, "nobody else is answered"
        answered += [left[each] for each in found]
    assert len(answered) == number
    return answered


def test_sigterm_lets_requests_in_flight_finish(start: Start) -> None:
    service = start()
    service.wait_for("/readyz", 200)
    idle, unused = service.connect(), service.connect()
    assert {post(each).headers["Connection"] for each in (idle, unused)} == {None}
    in_flight = service.connect()
    in_flight.putrequest("POST", "/translate")
    in_flight.putheader("Content-Type", "application/json")
    in_flight.putheader("Content-Length", str(len(BODY)))
    in_flight.endheaders(BODY[:10])
    service.process.send_signal(signal.SIGTERM)
    service.wait_for("/readyz", 503)
    for each in (service.connect(), idle):
        served = post(each)
        assert (served.status, served.headers["Connection"]) == (200, "close"), "the door is open still"
    service.wait_for("/readyz", 0)
    assert service.process.poll() is None
    assert unused.sock.recv(1) == b"", "it had as long as the door was open"
    in_flight.send(BODY[10:])
    assert in_flight.getresponse().status == 200
    assert service.process.wait(timeout=10) == 0


def test_a_hundred_idle_connections_are_kept(start: Start) -> None:
    service = start()
    service.wait_for("/readyz", 200)
    connections = [service.connect() for _ in range(100)]
    assert {post(c).headers["Connection"] for c in connections} == {None}
    # A little less than the five seconds that uvicorn keeps a connection by itself is too little.
    closed, _, _ = select.select([c.sock for c in connections], [], [], 6)
    assert closed == [], "the service closed a connection that its client still uses"
    assert {post(c).headers["Connection"] for c in connections} == {None}


def test_the_contract_says_for_how_long_an_idle_connection_is_kept() -> None:
    versions = (SERVICE.parent / "versions.yaml").read_text(encoding="utf-8")
    (said,) = re.findall(r"keep_alive: (\d+)s", versions)
    assert int(said) == KEEP_ALIVE


def test_a_peer_that_never_closes_does_not_hold_up_the_others(start: Start) -> None:
    service = start()
    service.wait_for("/readyz", 200)
    started = time.monotonic()
    for _ in range(10):
        peer = service.open.enter_context(socket.create_connection(("127.0.0.1", service.port)))
        peer.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert peer.recv(4096)
    assert service.get("/livez") == 200
    # Two seconds for each of them is what some servers would wait in their loop.
    assert time.monotonic() - started < 10


def test_a_model_that_cannot_be_loaded_ends_the_service(start: Start, tmp_path: Path) -> None:
    service = start(MODEL_DIR=str(tmp_path))
    errors = service.errors()
    assert service.process.returncode == 4
    assert f"cannot serve the model in {tmp_path}" in errors
    assert "Traceback" not in errors


def test_a_model_that_is_not_the_releases_ends_the_service(
    start: Start, model_dir: Path, tmp_path: Path
) -> None:
    release = asdict(UNKNOWN)
    release["model"]["sha256"] = checksum(model_dir)
    file = tmp_path / "release.json"
    file.write_text(json.dumps(release))
    start(RELEASE_FILE=str(file)).wait_for("/readyz", 200)
    damaged = shutil.copytree(model_dir, tmp_path / "model")
    with (damaged / "model.bin").open("r+b") as model:
        model.seek(2_000_000)
        model.write(b"x")
    service = start(RELEASE_FILE=str(file), MODEL_DIR=str(damaged))
    errors = service.errors()
    assert service.process.returncode == 4
    assert f"cannot serve the model in {damaged}: its checksum is " in errors
    assert "Traceback" not in errors


def test_too_few_open_files_are_refused_in_words() -> None:
    command = f"ulimit -n 200; exec {sys.executable} -m translator.server"
    environment = os.environ | {"MODEL_DIR": str(MODEL), "PYTHONPATH": str(SERVICE)}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert (
        done.stderr == "translator: a process may open 200 files here (ulimit -n); 512 are needed at least\n"
    )


def test_a_wrong_setting_ends_the_service_with_one_sentence(start: Start) -> None:
    service = start(THREADS="many")
    errors = service.errors()
    assert service.process.returncode == 1
    assert errors == (
        "translator: THREADS is 'many'; it should be a valid integer, unable to parse string as an integer\n"
    )


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"SECRET\r\n\r\n", 400),
        (b"GET /livez HTTP/9.9\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nSECRET\r\n\r\n", 400),
        (b"POST /translate HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /translate HTTP/1.1\r\nTransfer-Encoding: SECRET\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nExpect: SECRET\r\n\r\n", 417),
        (b"GET /" + b"SECRET" * 2000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /livez HTTP/1.1\r\n" + b"X: SECRET\r\n" * 200 + b"\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nX: " + b"SECRET" * 2000 + b"\r\n\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nX: " + b"SECRET" * 20_000, 431),
    ],
)
def test_what_is_not_http_is_a_problem_too_and_is_not_repeated(
    service: Service, sent: bytes, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(sent)
        with contextlib.closing(http.client.HTTPResponse(connection)) as answer:
            answer.begin()
            body = answer.read()
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["error"] == problem["detail"]
    assert b"SECRET" not in body
    assert "SECRET" not in service.read_log()


def test_too_few_threads_are_refused_in_words(start: Start) -> None:
    errors = start(THREADS="64", QUEUE_REQUESTS="64").errors()
    assert errors.startswith("translator: THREADS is 64; it must be more than QUEUE_REQUESTS (64), or ")
    assert errors.count("\n") == 1
