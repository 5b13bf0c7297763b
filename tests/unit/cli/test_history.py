"""`relctl history`: what is shown of a ledger, on terminals of any width and in a pipe; needs no engine."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scratch import ECHO, RELCTL
from terminal import lines, terminal

REASON = "users report wrong prices since two o'clock; see https://tickets.example.org/" + "17" * 20
WAY_BACK = ("v2.0.0-abc12de", "blue", "ops@host1")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The echo project with a ledger of four events, the oldest three days old."""
    root = tmp_path / "project"
    shutil.copytree(ECHO, root)
    ledger = root / ".relctl" / "echo-local" / "ledger.jsonl"
    ledger.parent.mkdir(parents=True)
    events = [
        event("built", 72, "v1.0.0-abc12de", "", "ci@runner"),
        event("promoted", 71, "v1.0.0-abc12de", "blue", "ops@host1"),
        event("aborted", 5, *WAY_BACK, reason="was not ready within 60 s\nTraceback (most recent call last)"),
        event("rolled-back", 1, *WAY_BACK, reason=REASON),
    ]
    ledger.write_text("".join(json.dumps(each) + "\n" for each in events))
    return root


def event(name: str, hours_ago: float, tag: str, slot: str, by: str, **members: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    return (
        {"v": 1, "event": name, "at": at.isoformat(), "tag": tag, "slot": slot, "by": by}
        | {"image_id": "sha256:1"}
        | members
    )


def history(project: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [str(RELCTL), "history", *options]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=30)


def shown(project: Path, columns: int, *options: str) -> list[str]:
    """The lines that a person sees on a terminal of that width."""
    command = (str(RELCTL), "--project", str(project), "history", *options)
    with terminal(*command, columns=columns) as seen:
        assert seen.ended() == 0
        return lines(seen.output)


def test_in_a_pipe_every_event_is_one_whole_line_to_be_searched(project: Path) -> None:
    heading, *found = history(project).stdout.splitlines()
    assert heading.split() == ["AT", "AGO", "EVENT", "TAG", "SLOT", "BY", "REASON"]
    assert [line.split()[4] for line in found] == ["built", "promoted", "aborted", "rolled-back"]
    assert found[-1].endswith(REASON)
    assert found[2].rstrip().endswith("was not ready within 60 s")
    assert "60 min ago" in found[-1]
    assert "3 d ago" in found[0]


@pytest.mark.parametrize("columns", [200, 120, 80, 40, 20])
def test_a_terminal_of_any_width_folds_and_cuts_nothing(project: Path, columns: int) -> None:
    found = shown(project, columns)
    assert max(map(len, found)) <= columns
    letters = "".join("".join(found).split())
    assert "…" not in letters
    for part in ("v1.0.0-abc12de", "rolled-back", "aborted", "ops@host1", "ci@runner", "60minago", "3dago"):
        assert part in letters
    if columns < 120:  # in a table the other columns stand between the pieces
        assert "".join(REASON.split()) in letters
    else:
        assert "REASON" in letters


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ["built", "promoted", "aborted", "rolled-back"]),
        (("--last", "1"), ["rolled-back"]),
        (("--since", "2d"), ["aborted", "rolled-back"]),
        (("--since", "90m"), ["rolled-back"]),
        (("--since", "1m"), []),
        (("--event", "promoted"), ["promoted"]),
        (("--event", "promoted", "--event", "rolled-back"), ["promoted", "rolled-back"]),
        (("--event", "promoted", "--since", "2d"), []),
    ],
)
def test_events_are_asked_for_by_number_age_and_name(
    project: Path, options: tuple[str, ...], expected: list[str]
) -> None:
    done = history(project, "--json", *options)
    assert [each["event"] for each in json.loads(done.stdout)] == expected
    assert done.stderr == ""


def test_without_since_the_last_twenty_are_shown_and_with_it_all(project: Path) -> None:
    ledger = project / ".relctl" / "echo-local" / "ledger.jsonl"
    with ledger.open("a") as file:
        file.writelines(json.dumps(event("verified", 0.1, "v1", "", "me")) + "\n" for _ in range(30))
    assert len(json.loads(history(project, "--json").stdout)) == 20
    assert len(json.loads(history(project, "--json", "--since", "2h").stdout)) == 31


def test_a_name_that_no_event_has_is_said_with_those_that_there_are(project: Path) -> None:
    done = history(project, "--event", "promted")
    assert done.returncode == 0
    assert "no event promted in this ledger; it has: aborted, built, promoted, rolled-back" in done.stderr


@pytest.mark.parametrize("since", ["2", "yesterday", "-2d", ""])
def test_an_age_that_is_none_is_one_clear_error(project: Path, since: str) -> None:
    done = history(project, f"--since={since}")
    if since:
        assert done.returncode == 2
        assert f"--since {since}: a duration needs its unit" in done.stderr
        assert "next: for example --since 10m" in done.stderr
    else:
        assert done.returncode == 0  # an unset variable: as without it


def test_a_damaged_line_is_named_and_the_others_are_shown(project: Path) -> None:
    ledger = project / ".relctl" / "echo-local" / "ledger.jsonl"
    lines_before = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join([lines_before[0], "{oops\n", *lines_before[1:]]))
    done = history(project, "--json")
    assert done.returncode == 0
    names = [each["event"] for each in json.loads(done.stdout)]
    assert names == ["built", "promoted", "aborted", "rolled-back"]
    assert f"continuing without what cannot be read: {ledger}:2: not a ledger event" in done.stderr


def test_a_ledger_of_which_nothing_can_be_read_is_an_error(project: Path) -> None:
    ledger = project / ".relctl" / "echo-local" / "ledger.jsonl"
    ledger.write_text("{oops\n")
    done = history(project, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{ledger}:1: not a ledger event" in done.stderr
