"""SIGKILL under load at every point of a promote whose release is refused by what is observed."""

from collections.abc import Iterator

import pytest

from integration.killed_scenarios import REFUSED, kill_everywhere
from integration.killed_stand import Stand, killed_stand

# seconds for each of many kills
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with killed_stand(tmp_path_factory.mktemp("kept")) as made:
        yield made


@pytest.mark.parametrize("name", REFUSED)
def test_a_promote_that_is_refused_may_be_killed_anywhere(stand: Stand, name: str) -> None:
    kill_everywhere(stand, REFUSED[name])
