"""The decisions of a rollout, as pure functions: which slot, what is retained, what was interrupted."""

from collections.abc import Sequence

import pytest

from relctl.engine.protocol import Container
from relctl.errors import UsageError
from relctl.proxy.recent_traffic import PoolTraffic, Traffic
from relctl.rollout.drift import drift
from relctl.rollout.failover import Answering, SlotStatus, StandingIn, standing_in
from relctl.rollout.reconcile import decide
from relctl.rollout.rollback import choose
from relctl.rollout.snapshot import Snapshot
from relctl.state.event import Event
from relctl.tag import Tag

A, B, C, D = (f"v{number}.0.0-abc12de" for number in (1, 2, 3, 4))
NAMES = {"blue": "svc-blue", "green": "svc-green"}


def container(tag: str, *, running: bool = True) -> Container:
    return Container(tag, f"id-{tag}", {"io.relctl.tag": tag}, running, 0, 0, "10.0.0.2:8000")


def promoted(tag: str, slot: str = "blue") -> Event:
    return Event("promoted", tag=tag, image_id=f"id-{tag}", slot=slot, at=f"at-{tag}")


def snapshot(
    pointer: str, blue: Container | None, green: Container | None, events: Sequence[Event] = ()
) -> Snapshot:
    return Snapshot(pointer, {"blue": blue, "green": green}, events)


@pytest.mark.parametrize(
    ("pointer", "live", "idle"),
    [("", "", "blue"), ("none", "", "blue"), ("blue", "blue", "green"), ("green", "green", "blue")],
)
def test_a_new_release_goes_where_the_pointer_does_not_lead(pointer: str, live: str, idle: str) -> None:
    found = snapshot(pointer, None, None)
    assert (found.live, found.idle) == (live, idle)


@pytest.mark.parametrize(
    ("pointer", "blue", "expected"),
    [
        ("green", container(A), "nothing"),
        ("", container(A), "restore pointer"),
        ("none", container(A), "restore pointer"),
        ("blue", container(A), "adopt pointer"),
        ("blue", container(A, running=False), "restore pointer"),
        ("blue", None, "restore pointer"),
    ],
)
def test_a_pointer_moved_by_hand_is_adopted_only_if_it_leads_to_a_running_release(
    pointer: str, blue: Container | None, expected: str
) -> None:
    assert decide(snapshot(pointer, blue, container(B), [promoted(B, "green")])) == expected


def test_rollback_without_a_tag_goes_to_the_standby() -> None:
    found = snapshot("blue", container(B), container(A), [promoted(A, "green"), promoted(B)])
    assert choose(found, None, 3).tag == A


def test_rollback_without_a_standby_goes_to_the_release_before_live() -> None:
    found = snapshot("blue", container(B), None, [promoted(A, "green"), promoted(B)])
    assert choose(found, None, 3) == found.history.retained(3)[1]


def test_rollback_without_a_standby_never_goes_to_the_release_that_was_just_left() -> None:
    events = [promoted(A), promoted(B), promoted(C), Event("rolled-back", tag=B, slot="blue")]
    assert choose(snapshot("blue", container(B), None, events), None, 3).tag == A


def test_a_standby_may_be_named_even_if_it_is_not_retained_any_more() -> None:
    found = snapshot("blue", container(B), container(A), [promoted(A, "green"), promoted(B)])
    assert choose(found, Tag.parse(A), 1).tag == A


def test_rollback_after_lives_container_was_removed_goes_to_the_release_before() -> None:
    found = snapshot("blue", None, None, [promoted(A, "green"), promoted(B)])
    assert choose(found, None, 3).tag == A


def test_rollback_to_a_tag_takes_any_retained_release() -> None:
    events = [promoted(A), promoted(B, "green"), promoted(C)]
    assert choose(snapshot("blue", container(C), container(B), events), Tag.parse(A), 3).image_id == f"id-{A}"


def test_rollback_to_a_tag_that_is_not_retained_is_refused_and_names_those_that_are() -> None:
    events = [promoted(A), promoted(B, "green"), promoted(C)]
    with pytest.raises(
        UsageError, match=f"{A} is not a retained release of this environment; retained: {C}, {B}"
    ):
        choose(snapshot("blue", container(C), container(B), events), Tag.parse(A), 2)


def test_rollback_of_the_first_release_is_refused() -> None:
    with pytest.raises(UsageError, match="no retained release before"):
        choose(snapshot("blue", container(A), None, [promoted(A)]), None, 3)


def test_rollback_before_any_release_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing is live"):
        choose(snapshot("none", None, None), None, 3)


def test_a_good_situation_has_no_drift() -> None:
    assert drift(snapshot("blue", container(A), None, [promoted(A)]), NAMES) == []


@pytest.mark.parametrize(
    ("pointer", "blue", "sentence"),
    [
        ("green", container(A), f"the pointer leads to green; the ledger says blue ({A})"),
        ("", container(A), f"the pointer leads to nothing; the ledger says blue ({A})"),
        ("blue", None, f"svc-blue should run {A} and does not exist"),
        ("blue", container(A, running=False), f"svc-blue should run {A} and is stopped"),
        ("blue", container(B), f"svc-blue runs image id-{B}, the ledger says id-{A}"),
    ],
)
def test_drift_is_named_plainly(pointer: str, blue: Container | None, sentence: str) -> None:
    found = drift(snapshot(pointer, blue, None, [promoted(A)]), NAMES)
    assert [each[: len(sentence)] for each in found] == [sentence]


@pytest.mark.parametrize(
    ("pointer", "green", "sentences"),
    [
        ("green", container(B), []),
        ("green-05", container(B), []),
        ("blue", container(B), [f"{B} is watched, and the pointer leads to blue"]),
        ("green", container(B, running=False), [f"svc-green should run {B} and is stopped"]),
        ("green-05", None, [f"svc-green should run {B} and does not exist"]),
    ],
)
def test_while_a_release_is_watched_both_must_run(
    pointer: str, green: Container | None, sentences: list[str]
) -> None:
    promoting = Event("promoting", tag=B, image_id=f"id-{B}", slot="green", source="blue")
    found = snapshot(pointer, container(A), green, [promoted(A), promoting])
    assert drift(found, NAMES, watched=True) == sentences


@pytest.mark.parametrize(
    ("health", "answers", "expected"),
    [
        ("stopped", A, StandingIn(A, "green", 7.0, 3)),
        ("not ready", A, StandingIn(A, "green", 7.0, 3)),
        ("empty", A, StandingIn(A, "green", 7.0, 3)),
        ("ready", A, None),
        ("stopped", B, None),
        ("stopped", "", None),
    ],
)
def test_the_standby_stands_in_when_it_answers_and_live_is_not_ready(
    health: str, answers: str, expected: StandingIn | None
) -> None:
    live, standby = (
        SlotStatus("blue", B, f"id-{B}", health, ""),
        SlotStatus("green", A, f"id-{A}", "ready", ""),
    )
    traffic = Traffic(300, {"blue": PoolTraffic(10, 0, 0.0, 1.0, 1.0, 1.0, 3, 7.0)})
    assert standing_in(live, standby, Answering("http://x", answers), traffic) == expected


def test_an_interrupted_move_is_drift_until_it_is_settled() -> None:
    found = drift(snapshot("blue", container(A), None, [promoted(A), Event("promoting", tag=B)]), NAMES)
    assert found == [f"an interrupted promoting {B}: the next promote or rollback settles it"]
