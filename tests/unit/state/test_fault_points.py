"""RELCTL_FAULT: a process is killed exactly at the point that is named, and nothing else is taken for one."""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from relctl.state import fault_points
from relctl.state.event import Event
from relctl.state.files import make_open, replace_link, replace_text
from relctl.state.ledger import Ledger

RELCTL = Path(sys.executable).with_name("relctl")


@pytest.fixture(autouse=True)
def unarmed() -> Iterator[None]:
    yield
    fault_points.arm(None)


def killed(setting: str, work: str, folder: Path) -> int:
    """Run a line of Python with a fault armed; returns how it ended."""
    lines = (
        "import sys; from pathlib import Path; from relctl.state import fault_points",
        "from relctl.state.files import replace_link, replace_text",
        "from relctl.state.event import Event; from relctl.state.ledger import Ledger",
        f"fault_points.arm({setting!r}); folder = Path({str(folder)!r}); {work}",
    )
    environ = {"PYTHONPATH": str(Path(fault_points.__file__).parents[2])}
    return subprocess.run([sys.executable, "-c", "\n".join(lines)], env=environ, timeout=30).returncode


REPLACE = "replace_text(folder / 'file', 'new')"


@pytest.mark.parametrize(
    ("point", "left"),
    [
        ("before:file.write:file", "old"),
        ("after:file.write:file", "old"),
        ("after:file.sync:file", "old"),
        ("before:file.rename:file", "old"),
        ("after:file.rename:file", "new"),
        ("before:folder.sync:file", "new"),
        ("after:folder.sync:file", "new"),
    ],
)
def test_a_file_is_the_old_or_the_new_one_wherever_its_replacement_is_killed(
    tmp_path: Path, point: str, left: str
) -> None:
    path = tmp_path / "file"
    replace_text(path, "old")
    assert killed(f"kill:{point}#1", REPLACE, tmp_path) == -signal.SIGKILL
    assert path.read_text() == left
    replace_text(path, "third")
    assert list(tmp_path.iterdir()) == [path], "the next one clears up"


@pytest.mark.parametrize(("point", "leads"), [("after:link.make", "a"), ("after:link.rename", "b")])
def test_a_link_leads_to_the_old_or_the_new_wherever_its_move_is_killed(
    tmp_path: Path, point: str, leads: str
) -> None:
    link = tmp_path / "live"
    replace_link(link, "a")
    assert killed(f"kill:{point}:live#1", "replace_link(folder / 'live', 'b')", tmp_path) == -signal.SIGKILL
    assert link.readlink() == Path(leads)
    replace_link(link, "c")
    assert list(tmp_path.iterdir()) == [link]


def test_the_nth_time_is_counted_for_each_point(tmp_path: Path) -> None:
    work = "[Ledger(folder / 'ledger').append(Event(name)) for name in ('a', 'b', 'a', 'a')]"
    assert killed("kill:after:ledger.sync:a#2", work, tmp_path) == -signal.SIGKILL
    assert [event.event for event in Ledger(tmp_path / "ledger").read().events] == ["a", "b", "a"]


def test_a_point_that_is_not_reached_kills_nobody(tmp_path: Path) -> None:
    assert killed("kill:after:file.rename:file#2", REPLACE, tmp_path) == 0


def test_a_recording_names_every_point_in_order(tmp_path: Path) -> None:
    fault_points.arm(f"record:{tmp_path / 'points'}")
    replace_text(tmp_path / "file", "x")
    replace_text(tmp_path / "file", "y")
    found = (tmp_path / "points").read_text().splitlines()
    names = ("file.write", "file.sync", "file.rename", "folder.sync")
    once = [f"{when}:{name}:file" for name in names for when in ("before", "after")]
    assert found == [f"{name}#{number}" for number in (1, 2) for name in once]


def test_what_raises_is_not_behind_its_effect(tmp_path: Path) -> None:
    fault_points.arm(f"record:{tmp_path / 'points'}")
    with pytest.raises(FileNotFoundError), fault_points.effect("file.remove", "gone"):
        (tmp_path / "gone").unlink()
    assert (tmp_path / "points").read_text() == "before:file.remove:gone#1\n"


def test_without_the_variable_nothing_is_armed() -> None:
    assert fault_points.arm(None) == ""
    with fault_points.effect("step", "any"):
        assert fault_points._armed == []


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "1",
        "kill",
        "kill:",
        "kill:after:link.rename",
        "kill:after:link.rename#0",
        "kill:after:link.rename#x",
        "kill:during:link.rename#1",
        "kill:after:no.such#1",
        "kill:after:link.rename:#1",
        "KILL:after:link.rename#1",
        " kill:after:link.rename#1",
        "kill:after:link.rename#1\n",
        "record:",
        "record:points",
        "record:/no/such/folder/points",
    ],
)
def test_anything_else_is_one_clear_error(setting: str) -> None:
    done = subprocess.run(
        [RELCTL, "--version"],
        env={**os.environ, fault_points.VARIABLE: setting},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("relctl: error:") == 1
    assert "\n  next: unset RELCTL_FAULT" in done.stderr


def test_whoever_has_set_it_is_told() -> None:
    environ = {**os.environ, fault_points.VARIABLE: "kill:after:link.rename:live#1"}
    done = subprocess.run([RELCTL, "--version"], env=environ, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    assert done.stderr == (
        "relctl: RELCTL_FAULT is set: this process kills itself at after:link.rename:live#1\n"
    )


def test_every_kind_of_effect_stands_somewhere_in_the_code() -> None:
    calls = [
        call
        for path in Path(fault_points.__file__).parents[1].rglob("*.py")
        if path != Path(fault_points.__file__)
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
    ]
    named = {ast.literal_eval(call.args[0]) for call in calls if name_of(call) == "effect"}
    named |= {ast.literal_eval(call.args[1]) for call in calls if name_of(call) == "point"}
    assert named == set(get_args(fault_points.Effect))


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def test_folders_that_a_kill_left_closed_are_opened_by_the_next(tmp_path: Path) -> None:
    outer, inner = tmp_path / "routes", tmp_path / "routes" / "blue"
    inner.mkdir(parents=True)
    for each in (outer, inner):
        each.chmod(0o700)
    make_open(outer, inner)
    assert [each.stat().st_mode & 0o777 for each in (outer, inner)] == [0o755, 0o755]


def test_an_unfinished_line_is_all_or_nothing(tmp_path: Path) -> None:
    work = "Ledger(folder / 'ledger').append(Event('a'))"
    assert killed("kill:before:ledger.write:a#1", work, tmp_path) == -signal.SIGKILL
    assert Ledger(tmp_path / "ledger").read().events == []
    assert killed("kill:before:ledger.sync:a#1", work, tmp_path) == -signal.SIGKILL
    Ledger(tmp_path / "ledger").append(Event("b"))
    assert [event.event for event in Ledger(tmp_path / "ledger").read().events] == ["a", "b"]
