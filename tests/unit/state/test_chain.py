"""The chain of a ledger: what a hand changes, adds or removes is found, at the first line that shows it."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from relctl.errors import UsageError
from relctl.state.event import Event
from relctl.state.ledger import Ledger

Hand = Callable[[list[str]], list[str]]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Five events, `v1` to `v5`."""
    made = Ledger(tmp_path / "ledger.jsonl")
    for number in range(1, 6):
        made.append(Event("pinned", tag=f"v{number}", reason="x" * 3000 * number))
    return made


def older(ledger: Ledger, lines: int) -> None:
    """Put the lines of a relctl before chains in front."""
    text = '{"v": 1, "event": "pinned", "tag": "v0"}\n' * lines
    ledger.path.write_text(text + (ledger.path.read_text() if ledger.path.exists() else ""))


def test_each_line_holds_the_checksum_of_the_line_before(ledger: Ledger) -> None:
    lines = ledger.path.read_bytes().splitlines()
    for before, line in zip([b"", *lines], lines, strict=False):
        assert json.loads(line)["before"] == sha256(before).hexdigest()
    assert ledger.read().broken == ""
    assert ledger.read().sound == ledger.read().events


HANDS: dict[str, tuple[Hand, int, int]] = {
    "a line was changed": (lambda old: [*old[:1], old[1].replace("v2", "v9"), *old[2:]], 3, 3),
    "a space was added": (lambda old: [*old[:1], old[1] + " ", *old[2:]], 3, 3),
    "a line was removed": (lambda old: [*old[:1], *old[2:]], 2, 3),
    "the first lines were removed": (lambda old: old[2:], 1, 3),
    "two were exchanged": (lambda old: [old[0], old[2], old[1], *old[3:]], 2, 2),
    "one was written twice": (lambda old: [*old[:2], *old[1:]], 3, 3),
    "an empty line was added": (lambda old: [*old[:2], "", *old[2:]], 4, 3),
    "a line was added": (
        lambda old: [*old, '{"v": 1, "event": "promoted", "slot": "blue", "image_id": "sha256:1"}'],
        6,
        0,
    ),
    "a checksum was removed": (lambda old: [*old[:3], old[3].replace('"before"', '"behind"'), old[4]], 4, 1),
}


@pytest.mark.parametrize(("hand", "line", "sound"), HANDS.values(), ids=HANDS)
def test_the_first_broken_line_is_named_and_what_comes_after_the_last_is_sound(
    ledger: Ledger, hand: Hand, line: int, sound: int
) -> None:
    ledger.path.write_text("\n".join(hand(ledger.path.read_text().splitlines())) + "\n")
    found = ledger.read()
    assert found.broken.startswith(f"{ledger.path}:{line}: the ledger was edited outside relctl")
    assert len(found.sound) <= sound
    ledger.append(Event("unpinned"))
    assert ledger.read().broken == found.broken
    assert ledger.read().sound[-1].event == "unpinned"


@pytest.mark.parametrize("lines", [1, 3])
def test_lines_of_an_older_relctl_are_valid_in_front(tmp_path: Path, lines: int) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    older(ledger, lines)
    ledger.append(Event("unpinned"))
    ledger.append(Event("unpinned"))
    found = ledger.read()
    assert (found.broken, len(found.sound)) == ("", lines + 2)


def test_an_older_line_that_is_changed_breaks_the_chain_only_where_it_is_held(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    older(ledger, 2)
    ledger.append(Event("unpinned"))
    ledger.path.write_text(ledger.path.read_text().replace("v0", "v9"))
    assert f"{ledger.path}:3: " in ledger.read().broken


@pytest.mark.parametrize("torn", ['{"v": 1, "ev', '{"v": 1, "event": "pinned"}', "\x00" * 10])
def test_what_a_crash_leaves_breaks_nothing(ledger: Ledger, torn: str) -> None:
    with ledger.path.open("a") as file:
        file.write(torn)
    assert ledger.read().broken == ""
    ledger.append(Event("unpinned"))
    ledger.append(Event("unpinned"))
    assert ledger.read().broken == ""
    assert len(ledger.read().events) == 7


def test_what_is_said_of_it_is_said_once_by_who_goes_on(ledger: Ledger) -> None:
    said: list[str] = []
    ledger.path.write_text(ledger.path.read_text().replace("v2", "v9"))
    ledger.tolerate(said.append)
    ledger.read()
    ledger.tell(said.append, ledger.read().broken)
    assert said == [
        f"{ledger.path}:3: the ledger was edited outside relctl:"
        " the line before it is not the one that relctl wrote"
    ]


def test_a_person_may_accept_what_was_changed_and_only_as_it_is_then(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="there is no outside edit to accept"):
        ledger.accept("for fun")
    text = ledger.path.read_text()
    ledger.path.write_text(text.replace("v2", "v9"))
    ledger.accept("ticket 17")
    found = ledger.read()
    assert (found.broken, found.sound) == ("", found.events)
    assert (found.events[-1].event, found.events[-1].reason) == ("accepted", "ticket 17")
    ledger.append(Event("unpinned"))
    assert ledger.read().broken == ""
    ledger.path.write_text(ledger.path.read_text().replace("v1", "v8"))
    assert f"{ledger.path}:2: " in ledger.read().broken


def test_what_is_changed_after_it_was_accepted_is_named(ledger: Ledger) -> None:
    ledger.path.write_text(ledger.path.read_text().replace("v2", "v9"))
    ledger.accept("ticket 17")
    ledger.append(Event("unpinned", tag="v1"))
    ledger.append(Event("unpinned"))
    lines = ledger.path.read_text().splitlines()
    ledger.path.write_text("\n".join([*lines[:-2], lines[-2].replace("v1", "v7"), lines[-1]]) + "\n")
    assert f"{ledger.path}:8: " in ledger.read().broken
