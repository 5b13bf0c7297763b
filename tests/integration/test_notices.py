"""What status does not let anybody forget about a release, over a real Nginx, with the engine in memory."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hosts import Bench, bench
from relctl.errors import RolledBackError
from relctl.observation.figures import Figures
from relctl.observation.watch import Watch, Watched
from relctl.rollout.host import Host
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from relctl.state.evidence import GateResult
from relctl.tag import Tag

WHY = "the registry is down; ticket 17"
ON = GateResult(name="startup", verdict="pass", figures={}, reason="", seconds=0.0)
OFF = GateResult(name="soak", verdict="off", figures={}, reason="no time tonight", seconds=0.0)


@pytest.fixture
def stand() -> Iterator[Bench]:
    """1 is live, and proved."""
    with bench() as made:
        promote(made.host, made.proved("1.0.0"))
        yield made


def watched(
    stand: Bench, canary: tuple[int, ...] = (), accepted: bool = True
) -> tuple[Host, list[list[str]]]:
    """A host that watches what it promotes, and the notices that status had each time."""
    seen = list[list[str]]()

    def watch(_log: Any, what: Watch, _policy: Any, _say: Any) -> Watched:
        seen.append(status(stand.with_project()).notices)  # as another process sees it
        return Watched("healthy", accepted, Figures(requests=0, failed=0), None, (), what.seconds)

    return replace(stand.under(canary=canary, observe=1800.0), watch=watch), seen


def test_force_is_remembered_for_as_long_as_that_release_is_live(stand: Bench) -> None:
    second = stand.image("2.0.0")
    promote(stand.host, second, WHY)
    promoted = [event for event in stand.host.ledger.read().events if event.event == "promoted"]
    assert [event.details.get("forced") for event in promoted] == [None, WHY]
    [notice] = status(stand.host).notices
    assert notice.startswith(f"{second} was promoted by force, by ")
    assert notice.endswith(f": {WHY}")
    rollback(stand.host, None)
    assert status(stand.host).notices == []
    rollback(stand.host, None)
    assert status(stand.host).notices == [notice]


def test_force_is_not_noted_for_what_was_proved(stand: Bench) -> None:
    promote(stand.host, stand.proved("2.0.0"), "just in case")
    assert status(stand.host).notices == []


def test_gates_that_were_off_are_shown_while_that_release_is_live(stand: Bench) -> None:
    tag = half_proved(stand)
    promote(stand.host, tag)
    assert status(stand.host).notices == [f"gate soak was off for {tag}: no time tonight"]


def test_force_is_shown_in_a_canary_in_the_window_and_after_it(stand: Bench) -> None:
    host, seen = watched(stand, canary=(5, 25))
    promote(host, stand.image("2.0.0"), WHY)
    assert len(seen) == 3
    assert all(len(notices) == 1 and notices[0].endswith(f": {WHY}") for notices in seen)
    assert len(status(stand.host).notices) == 1


def test_gates_that_were_off_are_shown_in_the_window(stand: Bench) -> None:
    tag = half_proved(stand)
    host, seen = watched(stand)
    promote(host, tag)
    assert seen == [[f"gate soak was off for {tag}: no time tonight"]]


def test_force_is_shown_by_a_promote_that_was_killed_in_its_window(stand: Bench) -> None:
    stand.killed_promote(stand.image("2.0.0"), observe=1800.0, forced=WHY)
    [notice] = status(stand.host).notices
    assert notice.endswith(f": {WHY}")


def test_a_forced_promote_that_was_undone_is_no_notice_about_an_earlier_one(stand: Bench) -> None:
    second = stand.proved("2.0.0")
    promote(stand.host, second)
    rollback(stand.host, None)
    stand.host.evidence.remove("sha256:2.0.0")
    host, seen = watched(stand, accepted=False)
    with pytest.raises(RolledBackError):
        promote(host, second, WHY)
    assert len(seen[0]) == 1
    rollback(stand.host, second)
    assert status(stand.host).notices == []


def half_proved(stand: Bench) -> Tag:
    """Put an image into the engine that passed one gate, and was spared another."""
    tag = stand.image("2.0.0")
    stand.evidence("sha256:2.0.0", tag, gates=[ON, OFF])
    return tag
