"""The ledger: every event is kept, and what a crash left is told apart from what was damaged."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from relctl.errors import FileError, UsageError
from relctl.state.event import Event
from relctl.state.ledger import Ledger
from small_disk import PAGE, small_disk


def test_events_come_back_as_they_were_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "ledger.jsonl")
    ledger.append(Event("built", tag="v1.0.0-abc12de", details={"reference": "svc:1"}))
    ledger.append(Event("promoted", image_id="sha256:1", slot="blue", source="green"))
    first, second = ledger.read().events
    assert (first.event, first.tag, first.details) == (
        "built",
        "v1.0.0-abc12de",
        {"reference": "svc:1"},
    )
    assert (second.source, second.details) == ("green", {})
    assert first.at.endswith("Z")
    assert "@" in first.by


def test_a_line_of_the_file_has_the_members_of_the_contract(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(
        Event("promoted", image_id="sha256:1", slot="blue", source="green", details={"switch_ms": 0.1})
    )
    line = json.loads(ledger.path.read_text())
    assert (line["v"], line["event"], line["from"], line["switch_ms"]) == (1, "promoted", "green", 0.1)
    assert "source" not in line
    assert "reason" not in line


def test_an_absent_ledger_is_an_empty_one(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "ledger.jsonl").read().events == []


def test_a_torn_last_line_is_set_aside_and_reported(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(Event("verified", tag="v1.0.0-abc12de"))
    with ledger.path.open("a") as file:
        file.write('{"v": 1, "event": "promo')
    history = ledger.read()
    assert [event.event for event in history.events] == ["verified"]
    assert history.torn == '{"v": 1, "event": "promo'


def test_an_event_after_a_torn_line_is_not_lost(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(Event("verified"))
    with ledger.path.open("a") as file:
        file.write('{"v": 1, "ev')
    ledger.append(Event("aborted"))
    history = ledger.read()
    assert [event.event for event in history.events] == ["verified", "aborted"]
    assert history.torn == ""
    assert '{"v": 1, "ev #torn\n' in ledger.path.read_text()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{oops", "ledger.jsonl:2: not a ledger event"),
        ('{"v": 9, "event": "x"}', "ledger.jsonl:2: event version 9"),
    ],
)
def test_a_damaged_line_in_the_middle_is_an_error_with_its_number(
    tmp_path: Path, line: str, message: str
) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(Event("verified"))
    with ledger.path.open("a") as file:
        file.write(line + "\n")
    ledger.append(Event("aborted"))
    with pytest.raises(UsageError, match=message):
        ledger.read()


APPEND = """
import sys
from pathlib import Path
from relctl.state import ledger
from relctl.state.event import Event
from relctl.state.ledger import Ledger
ledger._WRITTEN_WITHIN = 200.0  # on a slow disk the others may hold the file nearly all of the time
for number in range(200):
    Ledger(Path(sys.argv[1])).append(Event("verified", reason="x" * 3000, details={"n": number}))
"""


def test_writers_at_the_same_time_lose_no_event(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    command = [sys.executable, "-c", APPEND, str(path)]
    writers = [subprocess.Popen(command) for _ in range(3)]
    assert [writer.wait(timeout=240) for writer in writers] == [0, 0, 0]
    history = Ledger(path).read()
    assert len(history.events) == len(history.sound) == 600
    assert history.broken == ""
    assert "#torn" not in path.read_text()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"[" * 100_000, "2: not a ledger event"),
        (b"\x00\xff\xfe\x80" * 50, "2: not a ledger event"),
        (b'{"v": 1, "event": 7}', "2: not a ledger event"),
        (b'{"v": 1, "event": "promoted", "tag"', "2: not a ledger event"),
        (b'{"event": "promoted"}', "2: not a ledger event"),
        (b'{"v": 2, "event": "promoted"}', "2: event version 2; this relctl reads 1"),
    ],
)
def test_what_can_be_read_beside_a_damaged_line_can_be_salvaged(
    tmp_path: Path, line: bytes, message: str
) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(Event("verified"))
    with ledger.path.open("ab") as file:
        file.write(line + b"\n")
    ledger.append(Event("aborted"))
    found = ledger.salvage()
    assert [event.event for event in found.events] == ["verified", "aborted"]
    [damage] = found.damage
    assert f"{ledger.path}:{message}" in str(damage)
    assert "relctl rollback" in damage.hint


def test_who_tolerates_damage_is_told_of_it_once_and_may_insist_later(tmp_path: Path) -> None:
    ledger, said = Ledger(tmp_path / "ledger.jsonl"), list[str]()
    ledger.path.write_text("oops\n")
    ledger.tolerate(said.append)
    assert ledger.read().events == ledger.read().events == []
    assert said == [f"continuing without what cannot be read: {ledger.path}:1: not a ledger event"]
    with pytest.raises(UsageError, match=r"ledger\.jsonl:1: not a ledger event"):
        ledger.insist()


def test_an_event_of_a_name_that_nobody_knows_is_an_event(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.path.write_text('{"v": 1, "event": "moonwalked", "tag": "v1", "steps": 3}\n')
    [event] = ledger.read().events
    assert (event.event, event.details) == ("moonwalked", {"steps": 3})


def circle(path: Path) -> None:
    path.symlink_to(path)


def link(path: Path) -> None:
    path.symlink_to("/proc/self/mem")


@pytest.mark.parametrize(
    ("plant", "why", "hint"),
    [
        (Path.mkdir, "Is a directory", "mv {0} {0}.bad, then run the command again"),
        (os.mkfifo, "it is not a file", "mv {0} {0}.bad, then run the command again"),
        (circle, "it is a symbolic link, to {0}, and relctl follows none here", "rm {0}"),
        (link, "it is a symbolic link, to /proc/self/mem, and relctl follows none here", "rm {0}"),
    ],
)
def test_a_ledger_that_cannot_be_read_is_one_error_with_its_path(
    tmp_path: Path, plant: Callable[[Path], None], why: str, hint: str
) -> None:
    path = tmp_path / "ledger.jsonl"
    plant(path)
    with pytest.raises(UsageError) as raised:
        Ledger(path).read()
    assert raised.value.message == f"the ledger cannot be read: {path}: {why.format(path)}"
    assert hint.format(path) in raised.value.hint
    with pytest.raises(FileError, match=re.escape(why.format(path))):
        Ledger(path).append(Event("verified"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system")
def test_of_an_event_that_finds_no_room_nothing_stays(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        ledger = Ledger(tmp_path / "ledger.jsonl")
        ledger.append(Event("verified"))
        with ledger.path.open("a") as file:
            file.write('{"v": 1, "ev')
        before = ledger.path.read_bytes()
        disk.fill()
        with pytest.raises(OSError, match=f"No space left on device: '{ledger.path}'"):
            ledger.append(Event("verified", reason="x" * 2 * PAGE))
        assert ledger.path.read_bytes() == before
        ledger.append(Event("aborted"))
        assert [event.event for event in ledger.read().events] == ["verified", "aborted"]
