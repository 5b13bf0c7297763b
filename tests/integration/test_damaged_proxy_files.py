"""Files beside Nginx that a disk or a hand has damaged: the way back does not depend on them."""

from collections.abc import Iterator

import pytest

from hosts import Bench
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from stands import FIRST, no_request_may_fail, second_is_live


@pytest.fixture
def stand() -> Iterator[Bench]:
    with second_is_live() as made:
        yield made


@pytest.mark.parametrize("name", ["nginx.conf", "applied.sha256"])
def test_status_and_a_rollback_go_on_over_a_file_that_is_no_text(stand: Bench, name: str) -> None:
    (stand.host.paths.proxy / name).write_bytes(b"\xff\x00{")
    with no_request_may_fail(stand):
        assert "Nginx's configuration is not what the templates say" in "".join(status(stand.host).drift)
        moved = rollback(stand.host, None)
    assert moved is not None
    found = status(stand.host)
    assert (moved.tag, found.live.tag if found.live else "") == (str(FIRST), str(FIRST))
