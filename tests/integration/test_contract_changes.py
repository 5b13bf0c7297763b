"""A release that answers elsewhere, on another port, and is bad: it is left by itself and by hand."""

from collections.abc import Iterator

import pytest

from client_load import Load, failed
from scratch import Scratch, echo_project
from stands import ANY_P95

pytestmark = pytest.mark.engine
FORCED = ("--force", "--reason", "only the way back matters")
ELSEWHERE = "{port: 9000, ready: /healthz, info: /about, idempotent: false, keep_alive: 75s}"
PATHS = {"ready_path": "/healthz", "info_path": "/about", "port": 9000}


@pytest.fixture
def project() -> Iterator[Scratch]:
    with echo_project() as made:
        made.environ |= {
            "RELCTL_ROLLOUT_MIN_REQUESTS": "50",
            "RELCTL_ROLLOUT_MAX_P95_RATIO": str(ANY_P95),
        }
        yield made


def elsewhere(project: Scratch, version: str, **behaviour: object) -> str:
    """Build a release with another contract, which the folder then has too; returns its tag."""
    project.edit("versions.yaml", r"contract: \{[^}]*\}", f"contract: {ELSEWHERE}")
    return project.build(version, **PATHS, **behaviour)


def test_there_and_back_under_load_and_away_from_a_bad_one(project: Scratch) -> None:
    here = project.build("1.0.0")
    project.ok("promote", here, *FORCED)
    there = elsewhere(project, "2.0.0")
    load = Load(project.listen, "/translate", {"text": "x"}, connections=8, pause=0.005).start()
    load.wait_for(50, within=20)
    project.ok("promote", there, *FORCED)
    for tag in (here, there, here):
        assert project.json("rollback")["tag"] == tag
        load.wait_for(50, within=20)
    assert failed(load.stop()) == []
    bad = elsewhere(project, "2.1.0", fails_every=2)
    users = Load(project.listen, "/translate", {"text": "x"}, connections=8, pause=0.005).start()
    users.wait_for(50, within=20)
    assert "unhealthy" in project.refused(5, "promote", bad, *FORCED, "--observe", "40s")
    users.stop()
    found = project.json("status")
    assert (found["live"]["tag"], found["live"]["health"], found["drift"]) == (here, "ready", [])
