"""Live's process, or a worker of Nginx, is killed under load, on the real engine: what is lost."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from relctl.probe.load import Load, failed
from relctl.proxy.workers import Worker, find, serving
from scratch import Scratch, echo_project

pytestmark = pytest.mark.engine

BY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can kill what another user runs")


@pytest.fixture(scope="module")
def project() -> Iterator[Scratch]:
    with echo_project() as scratch:
        yield scratch


@pytest.fixture(scope="module")
def tags(project: Scratch) -> list[str]:
    """Two proved releases, the older one first."""
    return [project.proved(version) for version in ("1.0.0", "2.0.0")]


@BY_ROOT
def test_live_s_process_is_killed_comes_back_and_no_request_fails(project: Scratch, tags: list[str]) -> None:
    for tag in tags:
        project.ok("promote", tag)
    pointer = project.json("status")["pointer"]
    name = f"relctl-{project.service}-local-{pointer}"
    load = Load(project.listen, "/translate", {"text": "x"}, connections=8, pause=0.01).start()
    load.wait_for(100, within=20)
    os.kill(int(inspected(name, "{{.State.Pid}}")), signal.SIGKILL)
    until(lambda: inspected(name, "{{.RestartCount}} {{.State.Running}}") == "1 true")
    until(lambda: bool(project.json("status")["live"]["health"] == "ready"))
    load.wait_for(16, within=20)
    samples = load.stop()
    assert failed(samples) == []
    assert {sample.release for sample in samples} == set(tags), "the standby has answered meanwhile"
    assert {sample.release for sample in samples[-8:]} == {tags[1]}


@BY_ROOT
def test_a_killed_worker_of_nginx_breaks_its_own_connections_once_and_nothing_else(
    project: Scratch, tags: list[str]
) -> None:
    for tag in tags:
        project.ok("promote", tag)
    load = Load(project.listen, "/translate", {"text": "x"}, connections=16, pause=0.01).start()
    load.wait_for(200, within=20)
    workers = nginx_workers(project)
    doomed = max(workers, key=lambda worker: connections(project, worker))
    held = connections(project, doomed)
    killed = time.monotonic()
    os.kill(doomed.pid, signal.SIGKILL)
    until(lambda: len(nginx_workers(project) - {doomed}) == len(workers))
    load.wait_for(200, within=20)
    samples = load.stop()
    lost = failed(samples)
    print(f"{held} of 16 connections were the worker's; {len(lost)} requests lost: {lost}")
    assert 0 < held <= 16
    assert len(lost) <= held, "no connection is broken twice, and none of another worker"
    assert all(sample.error.startswith(BROKEN) for sample in lost)
    assert all(sample.ended >= killed for sample in lost)
    assert {sample.release for sample in samples[-16:]} == {tags[1]}, "service goes on"
    assert project.json("status")["drift"] == []


# What a client sees of a connection that has gone: instead of an answer, or as it sends the next request.
BROKEN = ("RemoteDisconnected", "ConnectionResetError", "BrokenPipeError")


def nginx_workers(project: Scratch) -> set[Worker]:
    return serving(find(project.state / f"{project.service}-local" / "nginx" / "error.log"))


def connections(project: Scratch, worker: Worker) -> int:
    """How many connections of clients a worker holds."""
    port = int(project.listen.rpartition(":")[2])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    established = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"}
    return sum(str(file.readlink()) in established for file in Path(f"/proc/{worker.pid}/fd").iterdir())


def inspected(name: str, template: str) -> str:
    command = ["docker", "inspect", "-f", template, name]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
