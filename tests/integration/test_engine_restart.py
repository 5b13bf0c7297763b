"""The engine itself is stopped, killed, hung or slow under load: traffic goes on, and back without it."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client_load import Load, failed
from integration.slow_engine import slow_engine
from own_engine import OwnEngine
from scratch import RELCTL, Scratch, echo_project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engine,
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("dockerd"), reason="only root starts an engine"),
]

SOON = 10.0  # seconds on a busy machine; the engine is slower, or does not answer at all
SLOW = 60.0  # seconds, for each piece of an answer


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    default_bridge = Path("/sys/class/net/docker0")
    there = default_bridge.exists()
    made = OwnEngine(Path(tempfile.mkdtemp(prefix="relctl-test-")))  # a socket's path is short
    yield made
    made.remove()
    assert default_bridge.exists() == there, "it is the other engine's"


@pytest.fixture(scope="module")
def project(engine: OwnEngine) -> Iterator[Scratch]:
    with echo_project() as made:
        made.environ["RELCTL_DOCKER_HOST"] = engine.host
        try:
            yield made
        finally:
            made.run("down")


@pytest.fixture(scope="module")
def tags(project: Scratch) -> list[str]:
    return [project.proved(version) for version in ("1.0.0", "2.0.0")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_the_engine_goes_and_comes_back_and_no_request_fails(
    engine: OwnEngine, project: Scratch, tags: list[str], number: signal.Signals
) -> None:
    for tag in tags:
        project.ok("promote", tag)
    slots = [f"relctl-{project.service}-local-{slot}" for slot in ("blue", "green")]
    before = [engine.inspect(slot) for slot in slots]
    load = Load(project.listen, "/translate", {"text": "x"}, connections=8, pause=0.01).start()
    load.wait_for(100, within=20)
    engine.stop(number)
    try:
        load.wait_for(200, within=20)
        assert "no Docker engine answers" in project.refused(2, "releases")
    finally:
        engine.start()
    load.wait_for(100, within=20)
    assert [engine.inspect(slot) for slot in slots] == before, "the same containers, and never restarted"
    assert project.json("rollback")["tag"] == tags[0]
    load.wait_for(16, within=20)
    samples = load.stop()
    assert failed(samples) == []
    assert {sample.release for sample in samples[-8:]} == {tags[0]}
    assert project.json("status")["drift"] == []


@contextlib.contextmanager
def dead(engine: OwnEngine) -> Iterator[str]:
    engine.stop(signal.SIGKILL)
    try:
        yield engine.host
    finally:
        engine.start()


@contextlib.contextmanager
def hung(engine: OwnEngine) -> Iterator[str]:
    engine.signal(signal.SIGSTOP)
    try:
        yield engine.host
    finally:
        engine.signal(signal.SIGCONT)


@contextlib.contextmanager
def slow(engine: OwnEngine) -> Iterator[str]:
    with slow_engine(engine.host, Path(engine.host.removeprefix("unix://")).parent, SLOW) as host:
        yield host


Disturbance = Callable[[OwnEngine], contextlib.AbstractContextManager[str]]
disturbed = pytest.mark.parametrize("disturb", [dead, hung, slow], ids=lambda each: each.__name__)


@disturbed
def test_a_rollback_and_a_status_wait_for_no_engine(
    engine: OwnEngine, project: Scratch, tags: list[str], disturb: Disturbance
) -> None:
    for tag in tags:
        project.ok("promote", tag)
    load = Load(project.listen, "/translate", {"text": "x"}, connections=8, pause=0.01).start()
    load.wait_for(100, within=20)
    with disturb(engine) as host:
        for there in (tags[0], tags[1], tags[0]):
            began = time.monotonic()
            done = project.ok("rollback", RELCTL_DOCKER_HOST=host)
            took = time.monotonic() - began
            assert done.stdout.startswith(f"{there} is live"), done.stdout
            assert "continuing without the engine, by what was started in the slots" in done.stderr
            print(f"rollback with the engine {disturb.__name__}: {took:.2f} s")
            assert took < SOON
            load.wait_for(50, within=20)
        began = time.monotonic()
        told = project.ok("status", RELCTL_DOCKER_HOST=host).stdout
        assert time.monotonic() - began < 2 * SOON
        assert f"live     {tags[0]}" in told
        assert "it is unknown what runs, this is what was started" in told
    samples = load.stop()
    assert failed(samples) == []
    assert {sample.release for sample in samples[-8:]} == {tags[0]}
    assert project.json("status")["drift"] == []


@pytest.mark.parametrize("disturb", [dead, hung], ids=lambda each: each.__name__)
def test_a_bad_release_is_left_by_itself_without_an_engine(
    engine: OwnEngine, project: Scratch, tags: list[str], disturb: Disturbance
) -> None:
    project.ok("promote", tags[1])
    bad = project.build("3.0.0", fails_every=2)
    words = ("promote", bad, "--force", "--reason", "it is to be bad", "--observe", "60s")
    pointer = project.state / f"{project.service}-local" / "live"
    home = pointer.resolve()
    load = Load(project.listen, "/translate", {"text": "x"}, connections=8, pause=0.01).start()
    load.wait_for(100, within=20)
    command = [str(RELCTL), *words]
    with subprocess.Popen(command, cwd=project.root, env=project.environ, stderr=subprocess.PIPE) as promote:
        wait_until(lambda: pointer.resolve() != home)
        with disturb(engine):
            wait_until(lambda: pointer.resolve() == home)
            assert promote.wait(60) == 5
        promote.communicate()
    load.stop()
    assert project.json("status")["live"]["tag"] == tags[1]
    project.ok("rollback")  # settles what could not be tidied up
    assert project.json("status")["drift"] == []


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
