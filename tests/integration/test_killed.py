"""SIGKILL under load at every point of promote, rollback, observe and prune: one serves, order returns.

A point is a state that the world is in on the way: before the first effect, and behind each (state/fault.py).
"""

from collections.abc import Iterator

import pytest

from integration.going_on import GoOn, Killed
from integration.killed_scenarios import FIRST, SCENARIOS, Scenario
from integration.killed_stand import Stand, assert_in_order, assert_true
from scratch import echo_project

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]  # seconds for each of many kills


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with echo_project() as project:
        tags = tuple(project.proved(version) for version in ("1.0.0", "2.0.0", "3.0.0"))
        made = Stand(project, tags, tmp_path_factory.mktemp("kept"))
        made.keep()
        made.settle()
        yield made


QUICK = ("a warm rollback",)
EACH = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow, id=name) for name in SCENARIOS]


@pytest.mark.parametrize("name", EACH)
def test_a_command_may_be_killed_anywhere(stand: Stand, name: str) -> None:
    scenario = SCENARIOS[name]
    with scenario.around(stand):
        for number, point in enumerate(scenario.points(stand)):
            print(point)  # shown when it fails
            scenario.before(stand)
            with stand.loaded(**dict(scenario.headers)):
                kill_and_go_on(stand, scenario, point, scenario.then[number % len(scenario.then)])


def kill_and_go_on(stand: Stand, scenario: Scenario, point: str, go_on: GoOn) -> None:
    """Kill it, and let the next command put everything in order: the right release is live."""
    run, aim, before = scenario.run(stand), scenario.aim(stand), stand.situation
    run.killed(stand.project, point)
    expected = go_on(stand, Killed(run, aim, before, stand.situation))
    status = stand.project.json("status")
    assert status["live"]["tag"] == expected, f"{go_on.__name__} led to another release"
    assert_in_order(stand, status)


@pytest.mark.slow
def test_a_first_promote_may_be_killed_anywhere(stand: Stand) -> None:
    with FIRST.around(stand):
        for point in FIRST.points(stand):
            print(point)
            FIRST.before(stand)
            FIRST.run(stand).killed(stand.project, point)
            stand.project.ok(*FIRST.run(stand).arguments)
            status = stand.project.json("status")
            assert_true(stand, status)
            assert (status["live"]["tag"], status["standby"]) == (FIRST.aim(stand), None)


@pytest.mark.slow
def test_there_are_more_than_two_hundred_points(stand: Stand) -> None:
    found = {}
    for name, scenario in {**SCENARIOS, "a first promote": FIRST}.items():
        with scenario.around(stand):
            found[name] = len(scenario.points(stand))
    print(found)
    assert sum(found.values()) >= 200
