"""What a ledger comes to, wherever a kill cuts it off: the phase of the last move, and what was promoted."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relctl.state.event import Event
from relctl.state.history import BEGUN, ENDED, Deployment, fold

EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "canary": ("pointed", {"percent": 5}),
    "accepted": ("observed", {"accepted": True}),
    "refused": ("observed", {"accepted": False}),
    "observing": ("observing", {"since": 1.0, "seconds": 30.0}),
}


def event(words: str) -> Event:
    """`promoted v2`: an event about a tag, by default v2; `canary` or `refused`: as in EVENTS."""
    short, _, tag = words.partition(" ")
    name, details = EVENTS.get(short, (short, {}))
    tag = tag or "v2"
    return Event(name, tag=tag, image_id=f"id-{tag}", slot="green", reason=f"{short} it", details=details)


def last(*words: str) -> Deployment | None:
    return fold([event(each) for each in words]).last


PROMOTE = ("promoting", "canary", "accepted", "pointed", "observing", "accepted", "promoted")


@pytest.mark.parametrize(
    ("events", "phase"),
    [
        # A promote with a canary step, killed after each of its events.
        (PROMOTE[:1], "starting"),
        (PROMOTE[:2], "canary"),
        (PROMOTE[:3], "canary"),
        (PROMOTE[:4], "switched"),
        (PROMOTE[:5], "observing"),
        (PROMOTE[:6], "observed"),
        (PROMOTE, "promoted"),
        # One that is refused in the canary, or after the switch, and its undo.
        ((*PROMOTE[:2], "refused"), "refused"),
        ((*PROMOTE[:2], "refused", "aborted"), "aborted"),
        ((*PROMOTE[:5], "refused"), "refused"),
        ((*PROMOTE[:5], "refused", "aborted"), "aborted"),
        # Aborted by another command, or reconciled.
        ((*PROMOTE[:5], "aborted"), "aborted"),
        ((*PROMOTE[:4], "promoted"), "promoted"),
        ((*PROMOTE[:2], "repaired v1"), "repaired"),
        # A rollback.
        (("promoted", "rolling-back v1"), "starting"),
        (("promoted", "rolling-back v1", "pointed v1"), "switched"),
        (("promoted", "rolling-back v1", "pointed v1", "rolled-back v1"), "rolled-back"),
        # What happens meanwhile, or could not be written, changes no phase.
        ((*PROMOTE[:2], "pinned v1", "verified v3", "pruned v0"), "canary"),
        ((*PROMOTE[:5], "refused", "pointed"), "refused"),
        (("promoting v1", "pointed v1", "promoting"), "starting"),
        (("promoting", "aborted", "repaired v1", "stopped"), "aborted"),
        (("promoting", "stopped"), "starting"),
    ],
)
def test_the_ledger_tells_how_far_the_last_move_has_come(events: tuple[str, ...], phase: str) -> None:
    found = last(*events)
    assert found is not None
    assert (found.phase, found.is_over) == (phase, phase in ENDED)


@pytest.mark.parametrize("events", [(), ("built",), ("promoted",), ("repaired",), ("pointed",)])
def test_without_a_begin_there_is_no_move(events: tuple[str, ...]) -> None:
    assert last(*events) is None


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), None),
        (("promoting",), "promoting"),
        (("promoting", "pointed"), "promoting"),
        (("promoting", "pointed", "promoted"), None),
        (("promoting", "aborted"), None),
        (("promoting", "pointed", "promoted", "rolling-back"), "rolling-back"),
        (("rolling-back", "repaired"), None),
    ],
)
def test_a_move_without_an_end_is_unfinished(events: tuple[str, ...], expected: str | None) -> None:
    found = fold([event(each) for each in events]).unfinished
    assert (found.begun.event if found else None) == expected
    assert found is None or BEGUN[found.kind] == expected


@pytest.mark.parametrize(
    ("events", "percent", "pointed", "observed", "refusal"),
    [
        (("promoting",), 0, False, False, ""),
        (("promoting", "canary"), 5, True, False, ""),
        (("promoting", "canary", "accepted", "pointed"), 0, True, False, ""),
        (("promoting", "pointed", "observing"), 0, True, True, ""),
        (("promoting", "pointed", "observing", "refused"), 0, True, True, "refused it"),
        (("promoting", "canary", "refused"), 5, True, False, "refused it"),
        (("promoting", "canary", "refused", "pointed", "accepted"), 0, True, False, "refused it"),
        (("observing", "refused", "aborted", "promoting", "pointed"), 0, True, False, ""),
    ],
)
def test_what_a_later_command_must_know_of_a_move_is_not_forgotten(
    events: tuple[str, ...], percent: int, pointed: bool, observed: bool, refusal: str
) -> None:
    found = last(*events)
    assert found is not None
    assert (found.percent, found.pointed is not None) == (percent, pointed)
    assert (found.is_observed, found.refusal) == (observed, refusal)


def test_a_refusal_without_a_reason_is_one_all_the_same() -> None:
    found = fold([Event("promoting"), Event("observed", details={"accepted": False})]).unfinished
    assert found is not None
    assert found.refusal


@pytest.mark.parametrize(
    ("events", "keep", "expected"),
    [
        (("promoted v1", "promoted v2", "promoted v1", "promoted v3", "aborted v4"), 3, "v3 v1 v2"),
        (("promoted v1", "promoted v2", "promoted v1", "promoted v3", "aborted v4"), 2, "v3 v1"),
        (("promoted v1", "promoted v2", "rolled-back v1", "promoted v3"), 3, "v3 v2 v1"),
        (("promoted v1", "pinned v1", "promoted v2", "promoted v3"), 1, "v3 v1"),
        (("promoted v1", "promoted v2", "pruned v1"), 3, "v2"),
        (("promoted v1", "pruned v1", "promoted v2", "promoted v1"), 3, "v1 v2"),
    ],
)
def test_the_last_promoted_releases_are_retained_each_once_newest_first(
    events: tuple[str, ...], keep: int, expected: str
) -> None:
    found = fold([event(each) for each in events])
    assert [each.tag for each in found.retained(keep)] == expected.split()


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), ""),
        (("promoted",), "promoted"),
        (("promoting",), "promoting"),
        (("promoted", "promoting"), "promoting"),
        (("promoted", "promoting", "aborted"), "promoted"),
        (("promoting", "aborted"), ""),
        (("promoted", "rolling-back"), "promoted"),
        (("promoted", "promoting v3"), "promoted"),
    ],
)
def test_which_promote_brought_a_release(events: tuple[str, ...], expected: str) -> None:
    found = fold([event(each) for each in events]).brought("id-v2")
    assert (found.event if found else "") == expected


@pytest.mark.parametrize(
    ("events", "stopped"),
    [
        ((), True),
        (("built", "verified"), True),
        (("promoting",), False),
        (("promoted", "stopped"), True),
        (("promoted", "stopped", "pinned"), True),
        (("stopped", "aborted"), False),
    ],
)
def test_whether_everything_was_stopped_last(events: tuple[str, ...], stopped: bool) -> None:
    assert fold([event(each) for each in events]).stopped is stopped


NAMES = (*BEGUN.values(), *ENDED, "pointed", "pruned", "pinned", "unpinned", "stopped", "built", *EVENTS)
SOME = st.lists(st.builds("{} {}".format, st.sampled_from(NAMES), st.sampled_from(["v1", "v2"])), max_size=12)


@given(SOME)
@settings(max_examples=300, deadline=None)
def test_no_ledger_is_an_error_wherever_it_is_cut_off(words: list[str]) -> None:
    events = [event(each) for each in words]
    for end in range(len(events) + 1):
        found = fold(events[:end])
        running = found.unfinished
        assert running is None or found.last is running
        assert found.open_window in (None, *found.windows.values())
        assert {each.image_id for each in found.promoted()} <= {each.image_id for each in found.promotes}
    assert fold(events) == fold(events)


@given(SOME)
@settings(max_examples=100, deadline=None)
def test_an_end_leaves_nothing_unfinished_and_a_begin_is_what_runs(words: list[str]) -> None:
    events = [event(each) for each in words]
    for end in ENDED:
        assert fold([*events, event(end)]).unfinished is None
    for kind, begun in BEGUN.items():
        found = fold([*events, event(begun)]).unfinished
        assert found is not None
        assert (found.kind, found.phase) == (kind, "starting")
