"""SIGKILL under load at every point of a promote: one release serves, and order returns.

A point is a state that the world is in on the way: before the first effect, and behind each
(state/fault_points.py).
Each file of these tests takes minutes, on a worker of its own.
"""

from collections.abc import Iterator

import pytest

from integration.killed_scenarios import FORWARD, kill_everywhere
from integration.killed_stand import Stand, killed_stand

# seconds for each of many kills
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with killed_stand(tmp_path_factory.mktemp("kept")) as made:
        yield made


@pytest.mark.parametrize("name", FORWARD)
def test_a_promote_may_be_killed_anywhere(stand: Stand, name: str) -> None:
    kill_everywhere(stand, FORWARD[name])
