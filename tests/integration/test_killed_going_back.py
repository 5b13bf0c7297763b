"""SIGKILL under load at every point of going back, by a command or by an observation, and of pruning."""

from collections.abc import Iterator

import pytest

from integration.killed_scenarios import BACK, kill_everywhere
from integration.killed_stand import Stand, killed_stand

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]  # seconds for each of many kills

QUICK = "a warm rollback"
EACH = [pytest.param(name, marks=() if name == QUICK else pytest.mark.slow, id=name) for name in BACK]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with killed_stand(tmp_path_factory.mktemp("kept")) as made:
        yield made


@pytest.mark.parametrize("name", EACH)
def test_going_back_may_be_killed_anywhere(stand: Stand, name: str) -> None:
    kill_everywhere(stand, BACK[name])
