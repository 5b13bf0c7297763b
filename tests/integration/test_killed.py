"""SIGKILL at every side effect of promote and rollback, under load: one release serves, order returns."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from relctl.probe.load import Load, failed
from scratch import Scratch, echo_project

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]
KILLED_AT = str(Path(__file__).parents[1] / "killed_at.py")


@dataclass(frozen=True)
class Stand:
    """Three proved releases, the third never promoted when a test begins."""

    project: Scratch
    tags: tuple[str, str, str]

    def settle(self) -> None:
        """Make 2 live and 1 the standby."""
        for tag in self.tags[:2]:
            self.project.ok("promote", tag)

    def killed(self, number: int, *arguments: str) -> bool:
        """Run relctl and kill it at a side effect; False when it came to its end before."""
        done = subprocess.run(
            [sys.executable, KILLED_AT, str(number), *arguments],
            cwd=self.project.root,
            env=self.project.environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        return done.returncode != 0


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with echo_project() as project:
        yield Stand(project, (project.proved("1.0.0"), project.proved("2.0.0"), project.proved("3.0.0")))


def every_point(stand: Stand, *arguments: str) -> int:
    """Kill the command at each of its side effects in turn; returns how many there were."""
    number = 0
    while True:
        number += 1
        stand.settle()
        load = Load(stand.project.listen, "/translate", {"text": "x"}, connections=4, pause=0.002).start()
        load.wait_for(20, within=30)
        killed = stand.killed(number, *arguments)
        load.wait_for(20, within=30)
        assert_in_order(stand, number)
        samples = load.stop()
        assert failed(samples) == [], f"at side effect {number}"
        if not killed:
            return number - 1


def assert_in_order(stand: Stand, number: int) -> None:
    """The next command settles it: one live release, a standby, no drift, and a ledger that says so."""
    tag = stand.project.json("status")["live"]["tag"]
    assert tag in stand.tags
    stand.project.ok("promote", tag)
    status = stand.project.json("status")
    assert status["live"]["tag"] == tag, f"at side effect {number}: live changed without a switch"
    assert (status["drift"], status["live"]["health"]) == ([], "ready"), f"at side effect {number}"
    assert status["standby"] is not None, f"at side effect {number}: the standby is lost"
    assert status["standby"]["health"] == "ready", f"at side effect {number}"
    assert status["standby"]["tag"] != tag
    settled = [
        event for event in stand.project.json("history") if event["event"] in ("promoted", "rolled-back")
    ]
    assert settled[-1]["tag"] == tag, f"at side effect {number}"


def test_a_promote_may_be_killed_anywhere(stand: Stand) -> None:
    assert every_point(stand, "promote", stand.tags[2]) >= 10


def test_a_warm_rollback_may_be_killed_anywhere(stand: Stand) -> None:
    assert every_point(stand, "rollback") >= 8


@pytest.mark.slow
def test_a_promote_with_a_canary_and_an_observation_may_be_killed_anywhere(stand: Stand) -> None:
    # The environment's own step: one that is typed for the first time would reload Nginx under load.
    policy = {
        "CANARY": "[30]",
        "OBSERVE": "500ms",
        "TOO_FEW": "accept",
        "MAX_ERROR_RATE": "0.5",
        "MAX_P95_RATIO": "9",
    }
    stand.project.environ |= {f"RELCTL_ROLLOUT_{key}": value for key, value in policy.items()}
    assert every_point(stand, "promote", stand.tags[2]) >= 20


@pytest.mark.slow
def test_a_rollback_to_a_retained_release_may_be_killed_anywhere(stand: Stand) -> None:
    stand.project.ok("promote", stand.tags[2])
    assert every_point(stand, "rollback", stand.tags[2]) >= 10
