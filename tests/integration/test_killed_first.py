"""SIGKILL at every point of a first promote, and how many points there are in all."""

from collections.abc import Iterator

import pytest

from integration.killed_scenarios import EVERY, FIRST
from integration.killed_stand import Stand, assert_true, killed_stand

# seconds for each of many kills
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with killed_stand(tmp_path_factory.mktemp("kept")) as made:
        yield made


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


def test_there_are_more_than_two_hundred_points(stand: Stand) -> None:
    found = {}
    for name, scenario in EVERY.items():
        with scenario.around(stand):
            found[name] = len(scenario.points(stand))
    print(found)
    assert sum(found.values()) >= 200
