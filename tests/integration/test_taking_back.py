"""A rollback of a promote that is not done, over the engine in memory and a real Nginx."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hosts import Bench, bench
from relctl.engine.slots import slot_container
from relctl.release import Tag
from relctl.rollout.host import Host
from relctl.rollout.moving.move import Move
from relctl.rollout.observation.window import Window
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.situation import look
from relctl.rollout.status import status

FIRST, SECOND, THIRD = (Tag(f"{number}.0.0", "abc12de") for number in (1, 2, 3))


@pytest.fixture
def stand() -> Iterator[Bench]:
    """2 is live in blue, with nothing beside it; 1 and 3 are proved."""
    with bench() as made:
        for version in ("1.0.0", "2.0.0", "3.0.0"):
            made.proved(version)
        promote(made.host, SECOND)
        yield made


def under(stand: Bench, **policy: Any) -> Host:
    """The host under another policy."""
    environment = stand.host.project.environment
    rollout = environment.rollout.model_copy(update=policy)
    return stand.with_project(environment=environment.model_copy(update={"rollout": rollout}))


def refused(stand: Bench, move: Move) -> None:
    window = Window(move.tag, move.image_id, move.slot, move.source, time.time(), 3.0)
    stand.host.ledger.append(window.opened())
    stand.host.ledger.append(window.closed("unhealthy: planted", accepted=False))


def never_ready(stand: Bench, move: Move) -> None:
    stand.engine.fall_silent(slot_container(stand.host.project, move.slot))


def healthy(_stand: Bench, _move: Move) -> None:
    pass


@pytest.mark.parametrize("standby", ["", str(FIRST)], ids=("no standby", "a standby"))
@pytest.mark.parametrize("how", [healthy, refused, never_ready], ids=lambda each: each.__name__)
def test_a_promote_killed_with_all_the_traffic_is_taken_back_at_once_and_no_further(
    stand: Bench, how: Callable[[Bench, Move], None], standby: str
) -> None:
    if standby:
        promote(stand.host, FIRST)
        promote(stand.host, SECOND)
    how(stand, stand.killed_promote(THIRD))
    began = time.monotonic()
    moved = rollback(under(stand, ready_within=120.0), None)
    assert time.monotonic() - began < 60, "nobody has to wait for what is taken back"
    assert moved is not None
    assert (moved.tag, moved.previous, moved.standby) == (str(SECOND), str(THIRD), standby)
    assert look(stand.host).live_tag == str(SECOND)
    assert stand.events()[-1] == "aborted"
    assert status(stand.host).drift == []
