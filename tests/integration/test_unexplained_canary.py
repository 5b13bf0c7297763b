"""A rollback in a canary that the ledger does not explain: back is where most of the traffic goes."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hosts import Bench
from relctl.errors import NeedsPersonError, RelctlError, RolledBackError
from relctl.observation.watch import Watch, Watched
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from relctl.state.lock import exclusive
from stands import FIRST, SECOND, THIRD, no_request_may_fail, second_is_live


@pytest.fixture
def stand() -> Iterator[Bench]:
    """2 is live, 1 stands by, 3 is proved; no request may fail from here to the end of the test."""
    with second_is_live() as made, no_request_may_fail(made):
        yield made


def truncated(path: Path) -> None:
    """The last `promoting` is cut in its middle."""
    lines = path.read_bytes().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if b'"event": "promoting"' in line)
    lines[last] = lines[last][:40] + b"\n"
    path.write_bytes(b"".join(lines))


def all_but_the_first_cut(path: Path) -> None:
    """What can still be read says that 1 is live, which the slot of the canary had before."""
    truncated(path)
    path.write_bytes(path.read_bytes().replace(b'"slot": "green"', b'"slot": "gr'))


def set_aside(path: Path) -> None:
    path.rename(path.with_name("ledger.jsonl.bad"))


DAMAGES = pytest.mark.parametrize(
    "damage", [truncated, all_but_the_first_cut, set_aside], ids=lambda each: each.__name__
)


def second_has_all(stand: Bench) -> None:
    found = status(stand.host)
    assert found.live is not None
    assert (found.pointer, found.live.tag, found.live.health) == ("green", str(SECOND), "ready")


@DAMAGES
@pytest.mark.parametrize("watched", [True, False], ids=("watched", "killed"))
def test_all_traffic_goes_to_who_has_most_of_it_and_no_container_is_touched(
    stand: Bench, damage: Callable[[Path], None], watched: bool
) -> None:
    stand.killed_promote(THIRD, "blue-20")
    damage(stand.host.paths.ledger)
    before = stand.host.slots()
    with exclusive(stand.host.paths.watching) if watched else contextlib.nullcontext():
        moved = rollback(stand.host, None, "users complain")
    assert moved is not None
    assert (moved.tag, moved.slot, moved.previous, moved.standby) == (
        str(SECOND),
        "green",
        str(THIRD),
        str(THIRD),
    )
    assert stand.host.slots() == before
    second_has_all(stand)
    last = stand.host.ledger.salvage().events[-1]
    assert (last.event, last.image_id, last.slot) == ("repaired", "sha256:2.0.0", "green")
    assert last.reason.endswith("blue-20, which the ledger does not explain: users complain")


@pytest.mark.parametrize(
    ("damage", "error"),
    [(truncated, NeedsPersonError), (set_aside, RolledBackError)],
    ids=lambda x: x.__name__,
)
def test_who_watches_notices_and_leaves_the_traffic_there(
    stand: Bench, damage: Callable[[Path], None], error: type[RelctlError]
) -> None:
    def watch(_log: Any, what: Watch, _policy: Any, _say: Any) -> Watched:
        damage(stand.host.paths.ledger)
        rollback(stand.with_project(), None)
        what.interest()
        raise AssertionError("who watches did not notice")

    host = stand.under(canary=(20,), observe=5.0)
    with pytest.raises(error):
        promote(replace(host, watch=watch), THIRD)
    second_has_all(stand)


@DAMAGES
def test_who_is_killed_while_leaving_it_leaves_it_again_and_goes_no_further(
    stand: Bench, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_route: str) -> float:
        raise KeyboardInterrupt

    stand.killed_promote(THIRD, "blue-20")
    damage(stand.host.paths.ledger)
    with monkeypatch.context() as patched:
        patched.setattr(stand.host.proxy.pointer, "move", die)
        with pytest.raises(KeyboardInterrupt):
            rollback(stand.host, None)
    moved = rollback(stand.host, None)
    assert moved is not None
    assert moved.tag == str(SECOND)
    second_has_all(stand)


def test_a_pointer_that_a_hand_moved_into_a_canary_is_all_that_is_moved(stand: Bench) -> None:
    stand.host.proxy.pointer.move("blue-20")
    moved = rollback(stand.host, None)
    assert moved is not None
    assert (moved.tag, moved.standby) == (str(SECOND), str(FIRST))
    assert status(stand.host).drift == []


def test_who_does_not_run_is_not_given_the_traffic(stand: Bench) -> None:
    stand.killed_promote(THIRD, "blue-20")
    truncated(stand.host.paths.ledger)
    stand.engine.crash("relctl-svc-test-green")
    with pytest.raises(NeedsPersonError, match="most of the traffic, in green, does not run"):
        rollback(stand.host, None)
    assert stand.host.proxy.pointer.read() == "blue-20"
