"""A ledger that cannot be read, wholly or in part: traffic stays, and the way back to the standby is open."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hosts import Bench
from relctl.errors import NeedsPersonError, UsageError
from relctl.rollout.host import Host
from relctl.rollout.move import Switch
from relctl.rollout.observe import observe
from relctl.rollout.pin import pin
from relctl.rollout.promote import promote
from relctl.rollout.prune import prune
from relctl.rollout.releases import releases
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from stands import FIRST, SECOND, THIRD, no_request_may_fail, second_is_live


@pytest.fixture
def stand() -> Iterator[Bench]:
    """2 is live, 1 stands by, 3 is proved; no request may fail from here to the end of the test."""
    with second_is_live() as made, no_request_may_fail(made):
        yield made


def corrupt_middle(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-1], b"\x00\xff{oops\n", lines[-1]]))


def newer(path: Path) -> None:
    with path.open("a") as file:
        file.write('{"v": 2, "event": "promoted", "what": "nobody here knows"}\n')


def junk(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 64 + b"\n")


def spoilt_slot(path: Path) -> None:
    with path.open("a") as file:
        file.write('{"v": 1, "event": "promoted", "image_id": "sha256:3.0.0", "slot": "red"}\n')


def spoilt_number(path: Path) -> None:
    with path.open("a") as file:
        file.write(
            '{"v": 1, "event": "promoting", "image_id": "sha256:3.0.0", "slot": "blue", "observe": "30m"}\n'
        )


def folder(path: Path) -> None:
    path.rename(path.with_name("kept"))
    path.mkdir()


def unreadable(path: Path) -> None:
    path.rename(path.with_name("kept"))
    path.symlink_to("/proc/self/mem")


DAMAGES: dict[Callable[[Path], None], str] = {
    corrupt_middle: ":6: not a ledger event",
    newer: ":7: event version 2; this relctl reads 1",
    junk: ":1: not a ledger event",
    spoilt_slot: ":7: not a ledger event: slot is 'red', and would be blue or green",
    spoilt_number: ":7: not a ledger event: observe is '30m', and would be a number that is not negative",
    folder: ": Is a directory",
    unreadable: ": it is a symbolic link, to /proc/self/mem, and relctl follows none here",
}
damaged = pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)


def live(stand: Bench) -> str:
    found = status(stand.host).live
    return found.tag if found else ""


@damaged
@pytest.mark.parametrize(
    "command",
    [
        lambda host: promote(host, THIRD),
        lambda host: rollback(host, THIRD),
        lambda host: observe(host, 1.0),
        lambda host: pin(host, FIRST),
        prune,
    ],
    ids=("promote", "rollback TAG", "observe", "pin", "prune"),
)
def test_what_has_time_is_refused_with_file_line_and_what_to_type(
    stand: Bench, damage: Callable[[Path], None], command: Callable[[Host], object]
) -> None:
    path = stand.host.paths.ledger
    damage(path)
    with pytest.raises(UsageError) as raised:
        command(stand.host)
    assert f"{path}{DAMAGES[damage]}" in raised.value.message
    assert "relctl rollback goes back to a standby that is ready" in raised.value.hint
    assert live(stand) == str(SECOND)


@damaged
def test_status_shows_how_it_stands_and_names_the_damage(
    stand: Bench, damage: Callable[[Path], None]
) -> None:
    damage(stand.host.paths.ledger)
    found = status(stand.host)
    assert found.live is not None
    assert (found.live.tag, found.live.health) == (str(SECOND), "ready")
    assert f"{stand.host.paths.ledger}{DAMAGES[damage]}" in found.drift[0]


@damaged
def test_releases_are_listed_by_what_can_be_read_and_the_damage_is_said(
    stand: Bench, damage: Callable[[Path], None]
) -> None:
    path = stand.host.paths.ledger
    damage(path)
    readable = damage not in (junk, folder, unreadable)
    assert [(each.tag, each.runs, each.retained) for each in releases(stand.host)] == [
        (str(THIRD), "", False),
        (str(SECOND), "live", readable),
        (str(FIRST), "standby", readable),
    ]
    assert any(f"{path}{DAMAGES[damage]}" in words for words in stand.said)


@damaged
def test_a_rollback_to_a_ready_standby_goes_back_all_the_same(
    stand: Bench, damage: Callable[[Path], None]
) -> None:
    path = stand.host.paths.ledger
    damage(path)
    if damage not in (folder, unreadable):
        rollback(stand.host, None)
    else:
        with pytest.raises(NeedsPersonError, match=f"{FIRST} is live, but that could not be recorded"):
            rollback(stand.host, None)
    assert live(stand) == str(FIRST)
    assert any(f"{path}{DAMAGES[damage]}" in words for words in stand.said)


def test_a_rollback_that_would_have_to_start_something_asks_the_ledger_first(stand: Bench) -> None:
    stand.engine.remove("relctl-svc-test-blue")
    corrupt_middle(stand.host.paths.ledger)
    with pytest.raises(UsageError, match="not a ledger event"):
        rollback(stand.host, None)
    assert live(stand) == str(SECOND)


def test_a_pointer_that_a_lost_line_may_explain_is_not_said_to_be_moved_by_hand(stand: Bench) -> None:
    path = stand.host.paths.ledger
    path.write_text(path.read_text().replace('"slot": "green"', '"slot": "red"'))
    rollback(stand.host, None)
    assert live(stand) == str(FIRST)
    assert not any("by hand" in words for words in stand.said)
    why = "the readable part of the ledger says blue, the pointer green"
    assert any(words.startswith(f"{why}: {SECOND} in green is live") for words in stand.said)


def test_an_interrupted_promote_is_undone_before_a_rollback_by_what_can_be_read(stand: Bench) -> None:
    move = Switch("promote", str(THIRD), "sha256:3.0.0", "blue", "green", "sha256:1.0.0")
    stand.host.ledger.append(move.event("promoting"))
    corrupt_middle(stand.host.paths.ledger)
    rollback(stand.host, None)
    assert live(stand) == str(FIRST)


def test_after_it_was_set_aside_the_next_promote_begins_a_new_one(stand: Bench) -> None:
    path = stand.host.paths.ledger
    path.rename(path.with_name("ledger.jsonl.bad"))
    assert status(stand.host).drift == ["the pointer leads to green; the ledger does not say why"]
    promote(stand.host, THIRD)
    assert live(stand) == str(THIRD)
    assert status(stand.host).drift == []


def test_an_empty_ledger_is_one_that_says_nothing(stand: Bench) -> None:
    stand.host.paths.ledger.write_text("")
    rollback(stand.host, None)
    assert live(stand) == str(FIRST)
    assert status(stand.host).drift == []


def test_a_torn_last_line_is_reported_and_stops_nothing(stand: Bench) -> None:
    with stand.host.paths.ledger.open("a") as file:
        file.write('{"v": 1, "event": "pinn')
    assert status(stand.host).drift == ["the ledger's last line was cut short by a crash"]
    promote(stand.host, THIRD)
    assert any('is set aside: {"v": 1, "event": "pinn' in words for words in stand.said)
    assert status(stand.host).drift == []
