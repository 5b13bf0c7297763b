"""A pointer that a hand moved, removed or replaced: status names it, the next command puts it in order."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from hosts import Bench
from relctl.errors import RolledBackError
from relctl.observation.watch import Watch, Watched
from relctl.rollout.promote import promote
from relctl.rollout.prune import prune
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from relctl.state.lock import exclusive
from stands import FIRST, SECOND, THIRD, second_is_live


@pytest.fixture
def stand() -> Iterator[Bench]:
    with second_is_live() as made:
        yield made


def answers(stand: Bench) -> str:
    """Who answers users, or the status without anybody."""
    found = requests.post(f"http://{stand.listen}/translate", json={"text": "x"}, timeout=10)
    return str(found.json()["release"] if found.ok else found.status_code)


def removed(link: Path) -> None:
    link.unlink()


def folder(link: Path) -> None:
    link.unlink()
    (link / "kept").mkdir(parents=True)


def file(link: Path) -> None:
    link.unlink()
    link.write_text("a note\n")


def circle(link: Path) -> None:
    link.unlink()
    link.symlink_to(link.name)


def dangling(link: Path) -> None:
    link.unlink()
    link.symlink_to("routes/purple")


def elsewhere(link: Path) -> None:
    link.unlink()
    link.symlink_to("/usr")


def without_route(link: Path) -> None:
    shutil.rmtree(link.resolve())


LOST: dict[Callable[[Path], None], str] = {
    removed: "it is missing",
    folder: "a folder is in its place",
    file: "a file is in its place",
    circle: "it leads to live, which is not there",
    dangling: "it leads to routes/purple, which is not there",
    elsewhere: "it leads to /usr, which is no route",
    without_route: "it leads to routes/green, which is not there",
}
USUAL = (removed, folder)  # the others are repaired by the same lines
DAMAGE = pytest.mark.parametrize(
    "damage",
    [pytest.param(each, marks=() if each in USUAL else pytest.mark.slow) for each in LOST],
    ids=[each.__name__ for each in LOST],
)


@DAMAGE
@pytest.mark.parametrize("command", ["promote", "rollback", "prune"])
def test_a_lost_pointer_is_named_and_the_next_command_brings_it_back(
    stand: Bench, damage: Callable[[Path], None], command: str
) -> None:
    damage(stand.host.paths.pointer)
    assert answers(stand) == "503"
    expected = f"the pointer leads to nothing; the ledger says green ({SECOND}): {LOST[damage]}"
    assert status(stand.host).drift[0] == expected
    do(stand, command)
    assert status(stand.host).drift == []
    assert answers(stand) == str(FIRST if command == "rollback" else SECOND)
    assert "repaired" in stand.events()


@DAMAGE
@pytest.mark.parametrize("watched", [True, False], ids=("watched", "killed"))
def test_a_rollback_of_a_promote_brings_a_lost_pointer_back(
    stand: Bench, damage: Callable[[Path], None], watched: bool
) -> None:
    stand.killed_promote(stand.proved("3.0.0"), "blue-20")
    damage(stand.host.paths.pointer)
    assert answers(stand) == "503"
    with exclusive(stand.host.paths.watching) if watched else contextlib.nullcontext():
        moved = rollback(stand.host, None)
    assert moved is not None
    assert (moved.tag, moved.standby) == (str(SECOND), str(FIRST))
    assert answers(stand) == str(SECOND)
    assert status(stand.host).drift == []


@DAMAGE
@pytest.mark.parametrize("canary", [(20,), ()], ids=("in a canary", "after the switch"))
def test_who_watches_brings_a_lost_pointer_back_to_the_release_before(
    stand: Bench, damage: Callable[[Path], None], canary: tuple[int, ...]
) -> None:
    stand.proved("3.0.0")

    def watch(_log: Any, what: Watch, _policy: Any, _say: Any) -> Watched:
        damage(stand.host.paths.pointer)
        what.interest()
        raise AssertionError("who watches did not notice")

    host = stand.under(canary=canary, observe=5.0)
    with pytest.raises(RolledBackError, match=f"{SECOND} is live"):
        promote(replace(host, watch=watch), THIRD)
    assert answers(stand) == str(SECOND)
    assert status(stand.host).drift == []


@pytest.mark.parametrize("route", ["green", "green-20"])
def test_what_a_hand_chose_instead_of_a_watched_release_is_not_taken_from_it(
    stand: Bench, route: str
) -> None:
    """`green-20` gives the rest to the release that is taken back, so that loses it."""
    stand.killed_promote(stand.proved("3.0.0"), "blue-20")
    stand.host.proxy.pointer.move(route)
    moved = rollback(stand.host, None)
    assert moved is not None
    assert (moved.switch_ms > 0) == (route == "green-20")
    assert status(stand.host).pointer == "green"
    assert answers(stand) == str(SECOND)


def do(stand: Bench, command: str) -> None:
    if command == "promote":
        promote(stand.host, SECOND)
    elif command == "rollback":
        rollback(stand.host, None)
    else:
        prune(stand.host)


def test_what_a_folder_in_its_place_held_is_set_aside(stand: Bench) -> None:
    folder(stand.host.paths.pointer)
    promote(stand.host, SECOND)
    [aside] = stand.host.paths.home.glob("live.set-aside-*")
    assert (aside / "kept").is_dir()


@pytest.mark.parametrize("relative", [True, False], ids=("relative", "absolute"))
@pytest.mark.parametrize("command", ["promote", "rollback", "prune"])
def test_a_link_that_a_hand_led_to_the_other_slot_is_accepted(
    stand: Bench, relative: bool, command: str
) -> None:
    link = stand.host.paths.pointer
    new = link.with_name("live.new")
    new.symlink_to("routes/blue" if relative else link.parent / "routes" / "blue")
    new.replace(link)
    assert answers(stand) == str(FIRST)
    assert status(stand.host).drift[0] == f"the pointer leads to blue; the ledger says green ({SECOND})"
    do(stand, command)
    found = status(stand.host)
    assert found.drift == []
    assert found.live is not None
    assert answers(stand) == found.live.tag
    # promote was asked for 2, rollback for the other than the one that has the traffic, prune for neither
    assert found.live.tag == str({"promote": SECOND, "rollback": SECOND, "prune": FIRST}[command])
