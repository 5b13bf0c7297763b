"""Releases that pass their gates and are worse in traffic, on the real engine: few requests meet them."""

from collections.abc import Iterator
from typing import Any

import pytest

from client_load import Load, Sample
from scratch import Scratch, echo_project

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

POLICY = {
    "RELCTL_ROLLOUT_CANARY": "[5]",
    "RELCTL_ROLLOUT_OBSERVE": "40s",
    "RELCTL_ROLLOUT_WAIT_AT_MOST": "2m",
}


@pytest.fixture(scope="module")
def project() -> Iterator[Scratch]:
    with echo_project() as scratch:
        scratch.timeout = 300
        yield scratch


def under_load(
    project: Scratch, connections: int, *arguments: str, **environ: str
) -> tuple[str, list[Sample]]:
    """Refuse a promote while users ask, from a while before to a while after."""
    load = Load(project.listen, "/translate", {"text": "x"}, connections, pause=0.005).start()
    load.wait_for(1_000, within=60)
    said = project.refused(5, *arguments, **environ)
    load.wait_for(1_000, within=60)
    return said, load.stop()


@pytest.mark.parametrize(
    ("good", "worse", "connections", "reason"),
    [
        ({}, {"fails_every": 100}, 12, "requests failed"),
        ({"delay_ms": 60}, {"delay_ms": 90}, 32, "p95"),  # so long that a busy machine adds little
    ],
    ids=["one-percent-fails", "p95-and-a-half"],
)
def test_a_regression_that_only_traffic_shows_is_taken_back_in_the_canary_step(
    project: Scratch, good: dict[str, Any], worse: dict[str, Any], connections: int, reason: str
) -> None:
    number = 10 * len(reason)
    before = project.proved(f"{number}.0.0", **good)
    bad = project.proved(f"{number + 1}.0.0", **worse)
    project.ok("promote", before)
    said, samples = under_load(project, connections, "promote", bad, **POLICY)
    touched = [sample for sample in samples if sample.error or sample.release == bad]
    failed = [sample for sample in samples if sample.error]
    print(f"{len(samples)} requests, {len(touched)} touched, {len(failed)} failed\n{said}")
    assert f"{bad} was not promoted: it is unhealthy: " in said
    assert reason in said
    assert f"traffic is as before: {before} is live" in said
    assert len(touched) / len(samples) <= 0.05
    assert {sample.release for sample in samples[-500:]} == {before}
    events = [event for event in project.json("history") if event.get("tag") == bad]
    assert [event["event"] for event in events][-4:] == ["promoting", "pointed", "observed", "aborted"]
    assert events[-2]["percent"] == 5
    assert events[-2]["verdict"] == "unhealthy"
    assert project.json("status")["drift"] == []
