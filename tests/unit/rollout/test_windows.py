"""Which window is open, when it ends, and what follows: pure decisions."""

from typing import Any

import pytest

from relctl.config.environment import Rollout
from relctl.errors import UsageError
from relctl.rollout.observation.apart import taken_by
from relctl.rollout.observation.figures import Figures
from relctl.rollout.observation.judgement import Judgement, Verdict
from relctl.rollout.observation.patience import decisive_looks, step
from relctl.rollout.observation.window import Window, last_baseline, open_window
from relctl.state.event import Event

BEFORE = Figures(5_000, 3, 1.0, 2.0, 3.0, 0.01, 30)


def event(words: str) -> Event:
    """`observing v2`: an event about a tag; `refused` is an `observed` that was not accepted."""
    name, _, tag = words.partition(" ")
    known: dict[str, dict[str, Any]] = {
        "observing": {"since": 100.0, "seconds": 30.0},
        "observed": {"accepted": True},
        "refused": {"accepted": False},
    }
    event = "observed" if name == "refused" else name
    return Event(event, tag=tag, image_id=f"id-{tag}", details=known.get(name, {}))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], ""),
        (["promoting v2", "pointed v2"], ""),
        (["promoting v2", "pointed v2", "observing v2"], "v2"),
        (["promoting v2", "pointed v2", "observing v2", "promoted v2"], "v2"),
        (["observing v2", "promoted v2", "repaired v2"], "v2"),
        (["observing v2", "observed v2"], ""),
        (["observing v2", "observed v2", "promoted v2"], ""),
        (["observing v2", "promoted v2", "observed v2"], ""),
        (["observing v2", "aborted v2"], ""),
        (["observing v2", "promoted v2", "rolling-back v1", "rolled-back v1"], ""),
        (["observing v2", "promoted v2", "rolled-back v1", "promoted v2"], ""),
        (["observing v2", "promoted v2", "promoting v3", "aborted v3"], "v2"),
        (["observing v2", "promoted v2", "observing v3", "observed v3", "aborted v3"], "v2"),
        (["observing v2", "observed v2", "promoted v2", "observing v3", "promoted v3"], "v3"),
        (["promoted v1", "observing v2"], "v2"),
        (["observing v2", "promoted v2", "refused v2"], "v2"),
        (["observing v2", "promoted v2", "refused v2", "rolling-back v1", "rolled-back v1"], ""),
        (["promoted v1", "observing v2", "refused v2", "aborted v2"], ""),
    ],
)
def test_the_window_of_what_is_live_is_open_until_it_is_closed(events: list[str], expected: str) -> None:
    found = open_window([event(words) for words in events])
    assert (found.tag if found else "") == expected


@pytest.mark.parametrize("baseline", [None, BEFORE])
def test_a_window_is_read_from_the_ledger_as_it_was_opened(baseline: Figures | None) -> None:
    window = Window("v2", "id-v2", "green", "blue", 1_700_000_000.125, 1_800.0, baseline)
    assert Window.of(window.opened()) == window


@pytest.mark.parametrize(
    "details",
    [{}, {"since": "noon", "seconds": 1}, {"since": 1}, {"since": 1, "seconds": 1, "baseline": {"odd": 1}}],
)
def test_a_window_that_a_hand_has_spoilt_is_an_error_that_says_where(details: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="the ledger's event observing of 2026-11-25 is not whole"):
        open_window([Event("observing", at="2026-11-25", details=details)])


@pytest.mark.parametrize(
    ("now", "left"), [(100.0, 30.0), (112.5, 17.5), (130.0, 0.0), (999.0, 0.0), (5.0, 30.0)]
)
def test_what_is_left_of_a_window_is_never_more_than_all_of_it(now: float, left: float) -> None:
    assert Window("v2", "id", "green", "blue", 100.0, 30.0).left(now) == left


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], ""),
        (["promoting v2", "pointed v2"], ""),
        (["promoting v2", "pinned v1", "pruned v0"], ""),
        (["promoting v2", "pointed v2", "aborted v2"], "aborted v2"),
        (["promoting v2", "aborted v2", "rolling-back v1", "rolled-back v1"], "aborted v2"),
        (["promoting v2", "aborted v2", "promoting v2", "pointed v2"], ""),
        (["observing v2", "promoted v2"], ""),
        (["observing v2", "promoted v2", "rolling-back v1", "aborted v1"], ""),
        (["observing v2", "promoted v2", "rolling-back v1", "rolled-back v1"], "rolled-back v1"),
        (["promoted v2", "rolled-back v1", "promoted v3"], "rolled-back v1"),
        (["promoted v2", "repaired v1"], "repaired v1"),
        (["promoted v2", "repaired v2"], ""),
    ],
)
def test_who_took_the_traffic_of_a_release_that_is_watched(events: list[str], expected: str) -> None:
    found = taken_by([event(words) for words in events], "id-v2")
    assert (f"{found.event} {found.tag}" if found else "") == expected


def test_the_baseline_of_a_release_is_that_of_its_newest_window() -> None:
    opened = [Window("v2", "id-v2", "green", "blue", 1.0, 30.0, before).opened() for before in (None, BEFORE)]
    assert last_baseline(opened, "id-v2") == BEFORE
    assert last_baseline(opened, "id-v1") is None


@pytest.mark.parametrize(
    ("too_few", "seconds", "patience", "looks"),
    [
        ("accept", 30, 600, [30]),
        ("rollback", 30, 600, [30]),
        ("wait", 30, 0, [30]),
        ("wait", 30, 600, [30, 60, 120, 240, 480, 630]),
        ("wait", 1_800, 600, [1_800, 2_400]),
        ("wait", 30, 30, [30, 60]),
    ],
)
def test_there_are_few_looks_at_which_a_release_is_accepted(
    too_few: Any, seconds: float, patience: float, looks: list[float]
) -> None:
    assert decisive_looks(Rollout.model_construct(too_few=too_few, wait_at_most=patience), seconds) == looks


@pytest.mark.parametrize(
    ("verdict", "too_few", "decisive", "last", "within", "expected"),
    [
        ("unhealthy", "accept", False, False, False, "roll back"),
        ("unhealthy", "wait", True, True, False, "roll back"),
        ("healthy", "wait", False, False, True, "go on"),
        ("healthy", "wait", True, False, True, "accept"),
        ("not enough traffic", "wait", False, False, True, "go on"),
        ("not enough traffic", "wait", True, False, True, "go on"),
        ("not enough traffic", "wait", True, True, True, "roll back"),
        ("not enough traffic", "accept", True, True, True, "accept"),
        ("not enough traffic", "accept", True, True, False, "roll back"),
        ("not enough traffic", "rollback", True, True, True, "roll back"),
    ],
)
def test_what_follows_from_a_look(
    verdict: Verdict, too_few: Any, decisive: bool, last: bool, within: bool, expected: str
) -> None:
    judgement = Judgement(verdict, (), within)
    assert step(Rollout(too_few=too_few), judgement, decisive=decisive, last=last) == expected
