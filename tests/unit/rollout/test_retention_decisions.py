"""What retention keeps, and why: tables over ledger, slots, containers and the names of images."""

import pytest

from relctl.engine.leases import Names
from relctl.engine.protocol import Container, Image
from relctl.rollout.retention import Release, decide, needed, used_by
from relctl.rollout.snapshot import Snapshot
from relctl.state.event import Event
from relctl.state.history import fold

A, B, C, D, E = (f"v{number}.0.0-abc12de" for number in (1, 2, 3, 4, 5))
OWN, PLAIN, OTHER = f"relctl-hold/svc-a-000000:{A}", f"svc:{A}", f"relctl-hold/svc-b-111111:{A}"


def event(name: str, tag: str, slot: str = "", **members: str) -> Event:
    return Event(name, tag=tag, image_id=f"id-{tag}", slot=slot, **members)  # type: ignore[arg-type]


def events(*names: str) -> list[Event]:
    """Events written as `promoted A`."""
    tags = {"A": A, "B": B, "C": C, "D": D, "E": E}
    return [event(name, tags[tag], "blue") for name, tag in (each.split() for each in names)]


def container(tag: str, name: str = "") -> Container:
    return Container(name or tag, f"id-{tag}", {"io.relctl.tag": tag}, True, 0, 0, "10.0.0.2:8000")


def snapshot(history: list[Event], blue: str = "", green: str = "", pointer: str = "blue") -> Snapshot:
    slots = {slot: container(tag) if tag else None for slot, tag in (("blue", blue), ("green", green))}
    return Snapshot(pointer, slots, history)


def reasons(found: Snapshot, retain: int = 2) -> dict[str, str]:
    return {key.removeprefix("id-"): why for key, why in needed(found, retain).items()}


def test_live_standby_and_the_last_promoted_are_needed_and_no_older_one() -> None:
    history = events("promoted A", "promoted B", "promoted C", "promoted D")
    assert reasons(snapshot(history, D, C)) == {D: "live", C: "standby"}
    assert reasons(snapshot(history, D, C), retain=3) == {
        D: "live",
        C: "standby",
        B: "one of the last 3 promoted",
    }


def test_a_standby_is_needed_that_was_promoted_long_ago() -> None:
    history = [*events("promoted A", "promoted B", "promoted C", "rolled-back A", "promoted D")]
    assert reasons(snapshot(history, D, A)) == {D: "live", A: "standby", C: "one of the last 2 promoted"}


def test_live_is_needed_also_while_its_container_is_gone() -> None:
    history = events("promoted A", "promoted B", "promoted C", "rolled-back A")
    assert reasons(snapshot(history), retain=1)[A] == "live"


def test_without_a_pointer_what_is_in_a_slot_is_needed_all_the_same() -> None:
    history = events("promoted A", "promoted B", "promoted C")
    found = reasons(snapshot(history, A, B, pointer=""), retain=1)
    assert (found[A], found[B], found[C]) == ("in blue", "in green", "live")


def test_a_pin_is_needed_until_it_is_taken_back() -> None:
    history = events("promoted A", "pinned A", "promoted B", "promoted C")
    assert reasons(snapshot(history, C, B))[A] == "pinned"
    assert A not in reasons(snapshot([*history, *events("unpinned A")], C, B))


def test_what_was_built_or_verified_last_and_never_promoted_is_needed_in_the_order_of_the_ledger() -> None:
    history = events("built A", "built B", "built C", "built D", "verified B", "promoted D")
    assert reasons(snapshot(history, D)) == {
        D: "live",
        B: "one of the last 2 not promoted",
        C: "one of the last 2 not promoted",
    }


def test_an_interrupted_move_needs_what_it_starts_and_what_it_replaced() -> None:
    history = [*events("promoted A", "promoted B", "promoted C")]
    history.append(Event("promoting", tag=D, image_id=f"id-{D}", slot="green", replaced=f"id-{A}"))
    found = reasons(snapshot(history, C), retain=1)
    assert (found[A], found[D]) == ("an interrupted move needs it",) * 2


def test_a_pruned_release_that_was_built_again_is_as_new() -> None:
    history = events("promoted A", "promoted B", "promoted C", "pruned A")
    assert fold(history).retained(3) == fold(history[1:3]).retained(3)
    assert A not in reasons(snapshot(history, C, B), retain=3)
    again = [*history, *events("built A")]
    assert reasons(snapshot(again, C, B), retain=3)[A] == "one of the last 3 not promoted"
    assert [each.tag for each in fold([*again, *events("promoted A")]).retained(3)] == [A, C, B]


def test_pinned_releases_that_were_promoted_can_be_gone_back_to() -> None:
    history = events("pinned A", "promoted A", "promoted B", "promoted C", "pinned D")
    assert [each.tag for each in fold(history).retained(1)] == [C, A]
    assert fold(history).pinned == {A: f"id-{A}", D: f"id-{D}"}


def image(*tags: str) -> Image:
    return Image(f"id-{A}", tags, {}, (), "", 1)


@pytest.mark.parametrize(
    ("names", "known", "need", "action", "why"),
    [
        (Names((OWN,), (PLAIN,)), True, "live", "keep", "live"),
        (Names((OWN,), (PLAIN,)), True, "", "remove", "nothing keeps it"),
        (Names((OWN,)), True, "", "remove", "nothing keeps it"),
        (Names((OWN,), (PLAIN,), (OTHER,)), True, "", "let go", "held by svc-b-111111"),
        (Names((), (PLAIN,), (OTHER,)), True, "", "let go", "held by svc-b-111111"),
        (Names((OWN,), (PLAIN,), ("mine:x",)), True, "", "let go", "also named mine:x"),
        (Names((), (PLAIN,)), True, "", "leave", "this environment does not hold it; others may need it"),
        (Names((), (PLAIN,), (OTHER,)), False, "", "leave", "held by svc-b-111111"),
        (
            Names((OWN,), (PLAIN,)),
            False,
            "",
            "leave",
            "this environment's history does not mention it",
        ),
        (Names(), False, "in blue", "keep", "in blue"),
    ],
)
def test_an_image_is_removed_only_if_it_is_known_held_and_needed_by_nobody(
    names: Names, known: bool, need: str, action: str, why: str
) -> None:
    release = Release(A, f"id-{A}", known, image(*names.own, *names.plain, *names.others), names)
    found = decide(release, {f"id-{A}": need} if need else {}, {})
    assert (found.action, found.why) == (action, why)


@pytest.mark.parametrize(
    ("names", "known", "action", "why"),
    [
        (Names((OWN,), (PLAIN,)), True, "keep", "container by-hand uses it"),
        (Names((), (PLAIN,)), False, "leave", "container by-hand uses it"),
        (Names((OWN,), (PLAIN,), (OTHER,)), True, "let go", "held by svc-b-111111"),
    ],
)
def test_what_a_container_uses_is_removed_by_nobody_but_may_be_left_to_another(
    names: Names, known: bool, action: str, why: str
) -> None:
    release = Release(A, f"id-{A}", known, image(), names)
    found = decide(release, {}, used_by([container(A, "by-hand")]))
    assert (found.action, found.why) == (action, why)


def test_an_image_that_is_gone_is_written_off_unless_it_is_needed() -> None:
    gone = Release(A, f"id-{A}", True, None, Names())
    assert decide(gone, {}, {}).action == "remove"
    kept = decide(gone, {f"id-{A}": "one of the last 3 promoted"}, {})
    assert (kept.action, kept.why) == (
        "keep",
        "one of the last 3 promoted; its image is gone from the engine",
    )
