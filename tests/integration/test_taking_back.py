"""A rollback of a promote that is not done, over the engine in memory and a real Nginx."""

import time
from collections.abc import Callable, Iterator

import pytest
import requests

from hosts import Bench, bench
from relctl.engine.protocol import Container, ContainerSpec
from relctl.engine.slots import slot_container
from relctl.errors import NeedsPersonError
from relctl.observation.window import Window
from relctl.rollout.dry_run import rehearse
from relctl.rollout.move import Switch
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.snapshot import take_snapshot
from relctl.rollout.status import status
from relctl.state import lock
from relctl.state.lock import exclusive
from relctl.tag import Tag

FIRST, SECOND, THIRD = (Tag(f"{number}.0.0", "abc12de") for number in (1, 2, 3))


@pytest.fixture
def stand() -> Iterator[Bench]:
    """2 is live in blue, with nothing beside it; 1 and 3 are proved."""
    with bench() as made:
        for version in ("1.0.0", "2.0.0", "3.0.0"):
            made.proved(version)
        promote(made.host, SECOND)
        yield made


def refused(stand: Bench, move: Switch) -> None:
    window = Window(move.tag, move.image_id, move.to_slot, move.from_slot, time.time(), 3.0)
    stand.host.ledger.append(window.opened())
    stand.host.ledger.append(window.closed("unhealthy: planted", accepted=False))


def never_ready(stand: Bench, move: Switch) -> None:
    stand.engine.fall_silent(slot_container(stand.host.project, move.to_slot))


def healthy(_stand: Bench, _move: Switch) -> None:
    pass


@pytest.mark.parametrize("standby", ["", str(FIRST)], ids=("no standby", "a standby"))
@pytest.mark.parametrize("how", [healthy, refused, never_ready], ids=lambda each: each.__name__)
def test_a_promote_killed_with_all_the_traffic_is_taken_back_at_once_and_no_further(
    stand: Bench, how: Callable[[Bench, Switch], None], standby: str
) -> None:
    if standby:
        promote(stand.host, FIRST)
        promote(stand.host, SECOND)
    how(stand, stand.killed_promote(THIRD))
    began = time.monotonic()
    moved = rollback(stand.under(ready_within=120.0), None)
    assert time.monotonic() - began < 60, "nobody has to wait for what is taken back"
    assert moved is not None
    assert (moved.tag, moved.previous, moved.standby) == (str(SECOND), str(THIRD), standby)
    assert take_snapshot(stand.host).live_tag == str(SECOND)
    assert stand.events()[-1] == "aborted"
    assert status(stand.host).drift == []


@pytest.fixture
def starts(stand: Bench, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the containers that are started from now on."""
    found, start = list[str](), stand.engine.start

    def noting(spec: ContainerSpec) -> Container:
        found.append(spec.name)
        return start(spec)

    monkeypatch.setattr(stand.engine, "start", noting)
    return found


def test_in_a_canary_a_release_that_is_not_ready_takes_all_traffic_as_it_runs(
    stand: Bench, starts: list[str]
) -> None:
    move = stand.killed_promote(THIRD, "green-20")
    stand.engine.fall_silent(slot_container(stand.host.project, move.from_slot))
    moved = rollback(stand.under(ready_within=120.0), None)
    assert moved is not None
    assert moved.tag == str(SECOND)
    assert slot_container(stand.host.project, move.from_slot) not in starts


def test_what_runs_and_is_not_ready_is_waited_for_and_left_as_it_is_if_it_stays_so(
    stand: Bench, starts: list[str]
) -> None:
    move = stand.killed_promote(THIRD)
    stand.engine.fall_silent(slot_container(stand.host.project, move.from_slot))
    with pytest.raises(NeedsPersonError, match=r"release in blue cannot take over: .*not ready") as raised:
        rollback(stand.host, None)
    assert raised.value.hint.endswith("the traffic was not moved")
    assert slot_container(stand.host.project, move.from_slot) not in starts
    assert take_snapshot(stand.host).pointer == move.to_slot


@pytest.mark.parametrize("route", ["green-20", "green"])
def test_what_was_removed_is_started_again_and_named(stand: Bench, route: str) -> None:
    move = stand.killed_promote(THIRD, route)
    stand.engine.remove(slot_container(stand.host.project, move.from_slot))
    rehearsed = rehearse(stand.host)
    planned = rollback(rehearsed, None)
    moved = rollback(stand.host, None)
    assert planned is not None
    assert moved is not None
    assert (planned.tag, moved.tag, take_snapshot(stand.host).live_tag) == (str(SECOND),) * 3
    does = [step.does for step in rehearsed.steps.reached]
    assert f"point at blue again: all traffic goes to {SECOND}" in does
    assert any(words.startswith(f"{SECOND} has all traffic again") for words in stand.said)


def test_what_runs_is_not_replaced_by_what_a_damaged_ledger_still_says(
    stand: Bench, starts: list[str]
) -> None:
    promote(stand.host, FIRST)
    promote(stand.host, SECOND)
    move = stand.killed_promote(THIRD, "green-20")
    starts.clear()
    path = stand.host.paths.ledger
    lines = path.read_text().splitlines(keepends=True)
    last = max(at for at, line in enumerate(lines) if '"promoted"' in line)
    lines[last] = "{spoilt\n"
    path.write_text("".join(lines))
    moved = rollback(stand.host, None)
    assert moved is not None
    assert moved.tag == str(SECOND)
    assert slot_container(stand.host.project, move.from_slot) not in starts


def test_an_nginx_that_is_down_is_brought_up_and_shows_who_has_the_traffic(stand: Bench) -> None:
    stand.killed_promote(THIRD, "green-20")
    stand.host.proxy.down()
    rollback(stand.host, None)
    found = requests.post(f"http://{stand.listen}/translate", json={"text": "x"}, timeout=10)
    assert found.json()["release"] == str(SECOND)
    assert status(stand.host).drift == []


def test_where_nginx_does_not_show_it_that_is_said_and_the_traffic_stays_back(stand: Bench) -> None:
    stand.killed_promote(THIRD, "green-20")
    stand.host.proxy.down()
    template = stand.folder / "nginx" / "service.conf.j2"
    whole = template.read_text()
    template.write_text(f"{whole}\nnonsense;\n")
    with pytest.raises(NeedsPersonError, match=f"{SECOND} has all traffic again, and .*nonsense") as raised:
        rollback(stand.host, None)
    assert raised.value.hint.startswith("nginx -p ")
    assert (take_snapshot(stand.host).pointer, stand.events()[-1]) == ("blue", "aborted")
    template.write_text(whole)
    assert promote(stand.host, SECOND) is None


@pytest.fixture
def killed_rollback(stand: Bench) -> Switch:
    """A rollback from 2 to 1 that was killed before anything was written of it but its beginning."""
    promote(stand.host, FIRST)
    promote(stand.host, SECOND)
    snapshot = take_snapshot(stand.host)
    move = Switch("rollback", str(FIRST), "sha256:1.0.0", snapshot.idle, snapshot.live, warm=True)
    stand.host.ledger.append(move.begun())
    return move


def test_a_rollback_typed_again_says_what_was_live_before_and_stands_by(
    stand: Bench, killed_rollback: Switch
) -> None:
    stand.host.proxy.pointer.move(killed_rollback.to_slot)
    moved = rollback(stand.host, None)
    assert moved is not None
    assert (moved.tag, moved.previous, moved.standby) == (str(FIRST), str(SECOND), str(SECOND))


def test_a_killed_rollback_is_not_said_to_be_watched_because_somebody_watches(
    stand: Bench, killed_rollback: Switch
) -> None:
    with exclusive(stand.host.paths.watching):
        found = status(stand.host)
    assert found.watching != ""
    assert found.drift == [
        f"an interrupted rolling-back {killed_rollback.tag}: the next promote or rollback settles it"
    ]


def test_where_the_kernel_does_not_tell_who_holds_a_lock_a_watched_promote_is_no_drift(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.killed_promote(THIRD, "green-20")
    monkeypatch.setattr(lock, "lock_holder", lambda _path: None)
    with exclusive(stand.host.paths.watching):
        found = status(stand.host)
    assert (found.watching, found.drift) == ("another process", [])
