"""Live's container goes away under load, on the real engine: the standby answers, and no request fails."""

import subprocess
from collections.abc import Iterator

import pytest

from relctl.probe.load import Load, failed
from scratch import Scratch, echo_project

pytestmark = pytest.mark.engine

SLOWEST = 3.0  # seconds; the time to connect that the template gives, and a loaded machine's moment


@pytest.fixture(scope="module")
def project() -> Iterator[Scratch]:
    with echo_project() as scratch:
        yield scratch


@pytest.fixture(scope="module")
def tags(project: Scratch) -> list[str]:
    """Two proved releases, the older one first."""
    return [project.proved(version) for version in ("1.0.0", "2.0.0")]


@pytest.mark.parametrize("verb", [("stop",), ("kill",), ("rm", "-f")], ids="-".join)
def test_live_s_container_goes_away_and_no_request_fails(
    project: Scratch, tags: list[str], verb: tuple[str, ...]
) -> None:
    for tag in tags:
        project.ok("promote", tag)
    pointer = project.json("status")["pointer"]
    load = Load(project.listen, "/translate", {"text": "x"}, connections=8, pause=0.002).start()
    load.wait_for(200, within=20)
    subprocess.run(
        ["docker", *verb, f"relctl-{project.service}-local-{pointer}"], check=True, capture_output=True
    )
    load.wait_for(16, within=20)
    samples = load.stop()
    slowest = max(sample.ended - sample.sent for sample in samples)
    print(f"docker {' '.join(verb)}: {len(samples)} requests, slowest {slowest:.3f} s")
    assert failed(samples) == []
    assert {sample.release for sample in samples[:100]} == {tags[1]}
    assert {sample.release for sample in samples[-8:]} == {tags[0]}
    assert slowest < SLOWEST
