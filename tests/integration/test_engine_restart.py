"""The engine itself is stopped, or killed, under load: what runs in it serves on, and is found again."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from own_engine import OwnEngine
from relctl.probe.load import Load, failed
from scratch import Scratch, echo_project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engine,
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("dockerd"), reason="only root starts an engine"),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    made = OwnEngine(Path(tempfile.mkdtemp(prefix="relctl-test-")))  # a socket's path is short
    yield made
    made.remove()


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
        assert "no Docker engine answers" in project.refused(2, "rollback")
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
