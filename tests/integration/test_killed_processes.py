"""Live's process, or a worker of Nginx, is killed under load, on the real engine: what is lost."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from client_load import Load, failed
from relctl.proxy.processes import Worker, find, serving
from scratch import Scratch

pytestmark = pytest.mark.engine

BY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can kill what another user runs")


@BY_ROOT
def test_live_s_process_is_killed_comes_back_and_no_request_fails(
    shared_echo: Scratch, echo_tags: list[str], client: Any
) -> None:
    for tag in echo_tags[:2]:
        shared_echo.ok("promote", tag)
    pointer = shared_echo.json("status")["pointer"]
    live = client.containers.get(f"relctl-{shared_echo.service}-local-{pointer}")
    load = Load(shared_echo.listen, "/translate", {"text": "x"}, connections=8, pause=0.01).start()
    load.wait_for(100, within=20)
    os.kill(live.attrs["State"]["Pid"], signal.SIGKILL)
    until(lambda: came_back(live) == (1, True))
    until(lambda: bool(shared_echo.json("status")["live"]["health"] == "ready"))
    load.wait_for(16, within=20)
    samples = load.stop()
    assert failed(samples) == []
    assert {sample.release for sample in samples} == set(echo_tags[:2]), "the standby has answered meanwhile"
    assert {sample.release for sample in samples[-8:]} == {echo_tags[1]}


@BY_ROOT
def test_a_killed_worker_of_nginx_breaks_its_own_connections_once_and_nothing_else(
    shared_echo: Scratch, echo_tags: list[str]
) -> None:
    for tag in echo_tags[:2]:
        shared_echo.ok("promote", tag)
    load = Load(shared_echo.listen, "/translate", {"text": "x"}, connections=16, pause=0.01).start()
    load.wait_for(200, within=20)
    workers = nginx_workers(shared_echo)
    doomed = max(workers, key=lambda worker: connections(shared_echo, worker))
    held = connections(shared_echo, doomed)
    killed = time.monotonic()
    os.kill(doomed.pid, signal.SIGKILL)
    until(lambda: len(nginx_workers(shared_echo) - {doomed}) == len(workers))
    load.wait_for(200, within=20)
    samples = load.stop()
    lost = failed(samples)
    print(f"{held} of 16 connections were the worker's; {len(lost)} requests lost: {lost}")
    assert 0 < held <= 16
    assert len(lost) <= held, "no connection is broken twice, and none of another worker"
    assert all(sample.error.startswith(BROKEN) for sample in lost)
    assert all(sample.ended >= killed for sample in lost)
    assert {sample.release for sample in samples[-16:]} == {echo_tags[1]}, "service goes on"
    assert shared_echo.json("status")["drift"] == []


# What a client sees of a connection that has gone: instead of an answer, or as it sends the next request.
BROKEN = ("RemoteDisconnected", "ConnectionResetError", "BrokenPipeError")


def nginx_workers(project: Scratch) -> set[Worker]:
    return serving(find(project.state / f"{project.service}-local" / "nginx" / "error.log"))


def connections(project: Scratch, worker: Worker) -> int:
    """How many connections of clients a worker holds."""
    port = int(project.listen.rpartition(":")[2])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    established = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"}
    return sum(_leads_to(file) in established for file in Path(f"/proc/{worker.pid}/fd").iterdir())


def _leads_to(file: Path) -> str:
    """What a descriptor of another process is; "" of one that it has closed since it was listed."""
    try:
        return str(file.readlink())
    except FileNotFoundError:
        return ""


def came_back(container: Any) -> tuple[int, bool]:
    """How often the engine restarted a container, and whether it runs."""
    container.reload()
    return container.attrs["RestartCount"], container.attrs["State"]["Running"]


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
