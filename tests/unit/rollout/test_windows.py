"""Which window is open, when it ends, and what follows: pure decisions."""

from typing import Any

import pytest

from relctl.config.environment import Rollout
from relctl.errors import UsageError
from relctl.observation.figures import Figures
from relctl.observation.judge import Judgement, Verdict
from relctl.observation.watch import ends, enough, step
from relctl.observation.window import Window, last_baseline, open_window, taken_over
from relctl.proxy.access_log_file import Mark
from relctl.state.event import Event
from relctl.state.history import fold

BEFORE = Figures(5_000, 3, 1.0, 2.0, 3.0, 0.01, 30, clients=9, gone=2, silenced=4, gateway="a3f1")


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
    found = open_window(fold([event(words) for words in events]))
    assert (found.tag if found else "") == expected


@pytest.mark.parametrize("baseline", [None, BEFORE])
@pytest.mark.parametrize("mark", [None, Mark(77, 4_096, '{"at":"2026-11-20')])
def test_a_window_is_read_from_the_ledger_as_it_was_opened(
    baseline: Figures | None, mark: Mark | None
) -> None:
    window = Window("v2", "id-v2", "green", "blue", 1_700_000_000.125, 1_800.0, baseline, mark)
    assert Window.of(window.opened()) == window


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"since": "noon", "seconds": 1},
        {"since": 1},
        {"since": 1, "seconds": 1, "baseline": {"odd": 1}},
        {"since": 1, "seconds": 1, "log": {"inode": 1}},
    ],
)
def test_a_window_that_a_hand_has_spoilt_is_an_error_that_says_where(details: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="the ledger's event observing of 2026-11-25 is incomplete"):
        open_window(fold([Event("observing", at="2026-11-25", details=details)]))


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
    found = fold([event(words) for words in events]).lost.get("id-v2")
    assert (f"{found.event} {found.tag}" if found else "") == expected


def test_the_baseline_of_a_release_is_that_of_its_newest_window() -> None:
    opened = [Window("v2", "id-v2", "green", "blue", 1.0, 30.0, before).opened() for before in (None, BEFORE)]
    assert last_baseline(fold(opened), "id-v2") == BEFORE
    assert last_baseline(fold(opened), "id-v1") is None


@pytest.mark.parametrize(
    ("too_few", "seconds", "patience", "looks"),
    [
        ("keep", 30, 600, [30]),
        ("accept", 30, 600, [30]),
        ("rollback", 30, 600, [30]),
        ("wait", 30, 0, [30]),
        ("wait", 30, 600, [30, 630]),
        ("wait", 30, 30, [30, 60]),
    ],
)
def test_a_window_has_one_end_and_one_more_where_it_waits(
    too_few: Any, seconds: float, patience: float, looks: list[float]
) -> None:
    assert ends(Rollout.model_construct(too_few=too_few, wait_at_most=patience), seconds) == looks


@pytest.mark.parametrize(
    ("verdict", "too_few", "over", "last", "within", "expected"),
    [
        ("unhealthy", "accept", False, False, False, "roll back"),
        ("unhealthy", "keep", True, True, False, "roll back"),
        ("unhealthy", "wait", True, True, False, "roll back"),
        ("healthy", "wait", False, False, True, "go on"),
        ("healthy", "wait", True, False, True, "accept"),
        ("not enough traffic", "wait", False, False, True, "go on"),
        ("not enough traffic", "wait", True, False, True, "go on"),
        ("not enough traffic", "wait", True, True, True, "roll back"),
        ("not enough traffic", "accept", True, True, True, "accept"),
        ("not enough traffic", "accept", True, True, False, "roll back"),
        ("not enough traffic", "keep", False, False, True, "go on"),
        ("not enough traffic", "keep", True, True, True, "accept"),
        ("not enough traffic", "keep", True, True, False, "accept"),
        ("not enough traffic", "rollback", True, True, True, "roll back"),
    ],
)
def test_what_follows_from_a_look(
    verdict: Verdict, too_few: Any, over: bool, last: bool, within: bool, expected: str
) -> None:
    judgement = Judgement(verdict, (), within)
    assert step(Rollout(too_few=too_few), judgement, over=over, last=last) == expected


def test_what_nobody_could_look_at_is_not_kept() -> None:
    nothing = Judgement("not enough traffic", (), within=True)
    assert step(Rollout(too_few="keep"), nothing, over=True, last=True, blind=True) == "roll back"


@pytest.mark.parametrize(("until", "expected"), [("30m", "go on"), ("healthy or 30m", "accept")])
def test_health_ends_a_window_where_the_policy_says_so(until: str, expected: str) -> None:
    policy = Rollout.model_validate({"until": until})
    assert step(policy, Judgement("healthy", (), within=True), over=False, last=False) == expected


@pytest.mark.parametrize(("requests", "expected"), [(299.9, False), (300, True)])
def test_a_window_ends_at_so_many_requests(requests: float, expected: bool) -> None:
    assert enough(Rollout.model_validate({"until": "300 requests or 30m"}), requests) is expected
    assert not enough(Rollout.model_validate({"observe": "30m"}), requests)


def pointed(slot: str, offset: int | None, **details: Any) -> Event:
    place = {"log": Mark(7, offset, "").as_json()} if offset is not None else {}
    return Event("pointed", slot=slot, details={**place, **details})


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], None),
        ([pointed("green", 5)], None),
        ([pointed("blue", 5), pointed("green", 9)], 5),
        ([pointed("blue", 5), pointed("green", 9), pointed("blue", 12)], 12),
        ([pointed("blue", 5, percent=5), pointed("blue", 9)], 9),
        ([pointed("blue", 5), pointed("blue", None)], None),  # of an older relctl: nobody knows
        ([pointed("blue", None, log="spoilt")], None),
    ],
)
def test_where_the_log_was_when_what_is_in_a_slot_took_over(
    events: list[Event], expected: int | None
) -> None:
    found = taken_over(fold(events).pointed.get("blue"))
    assert (found.offset if found else None) == expected
