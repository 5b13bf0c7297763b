"""`relctl logs`: whose log, how much of it, and how following it ends."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memory_engine import MemoryEngine
from quiet_host import Quiet, quiet_host
from relctl.cli.context import Settings
from relctl.cli.main import app
from relctl.engine.docker import _lines
from relctl.errors import UsageError
from relctl.rollout.logs import source
from relctl.rollout.promote import promote
from relctl.state.signals import Interrupted
from stands import FIRST, SECOND


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Quiet]:
    """1 stands by in blue, 2 is live in green; each wrote who it is, and live more."""
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        for tag in (FIRST, SECOND):
            promote(made.host, made.bench.proved(tag.version))
        for role in ("live", "standby"):
            found = source(made.host, role)
            made.bench.engine.write(found.container, f"I am {found.tag}\t\x1b[2J")
        monkeypatch.setattr(Settings, "host", lambda *_: made.host)
        yield made


def typed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    app(["logs", *words], prog_name="relctl", standalone_mode=False)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "tag"),
    [((), SECOND), (("live",), SECOND), (("standby",), FIRST), (("blue",), FIRST), (("green",), SECOND)],
)
def test_a_slot_is_named_by_role_or_colour(
    stand: Quiet, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], tag: Any
) -> None:
    assert typed(capsys, *words) == f"I am {tag}\\t\\x1b[2J\n"


def test_as_json_it_says_whose_log_it_is(stand: Quiet, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(typed(capsys, "standby", "--json"))
    assert found == {
        "container": source(stand.host, "blue").container,
        "slot": "blue",
        "tag": str(FIRST),
        "lines": [f"I am {FIRST}\t\x1b[2J"],
    }


def test_how_much_is_shown_can_be_said(stand: Quiet, capsys: pytest.CaptureFixture[str]) -> None:
    name = source(stand.host, "live").container
    for number in range(150):
        stand.bench.engine.write(name, f"line {number}")
    assert len(typed(capsys).splitlines()) == 100
    assert typed(capsys, "--tail", "2").splitlines() == ["line 148", "line 149"]
    assert len(typed(capsys, "--since", "1h").splitlines()) == 151
    assert typed(capsys, "--since", "0s") == ""


@pytest.mark.parametrize(
    ("role", "words"),
    [("red", "red is no slot; there are live, standby, blue, green"), ("blue", "blue has no container")],
)
def test_what_is_not_there_is_refused(stand: Quiet, role: str, words: str) -> None:
    stand.bench.engine.remove(source(stand.host, "blue").container)
    with pytest.raises(UsageError, match=words):
        source(stand.host, role)


def test_before_the_first_promote_nothing_is_live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (
        quiet_host(monkeypatch, tmp_path / "record") as made,
        pytest.raises(UsageError, match="nothing is live, so nothing is standby"),
    ):
        source(made.host, "standby")


def test_following_goes_on_until_the_container_ends(
    stand: Quiet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, name = stand.bench.engine, source(stand.host, "live").container
    follow, follows = engine.follow, threading.Event()

    def followed(*words: Any) -> Iterator[str]:
        for line in follow(*words):
            yield line
            follows.set()  # the first is shown, and the next is waited for

    def write() -> None:
        follows.wait()
        engine.write(name, "later")
        engine.remove(name)

    monkeypatch.setattr(engine, "follow", followed)
    with_writer = threading.Thread(target=write)
    with_writer.start()
    try:
        app(["logs", "-f", "--json"], prog_name="relctl", standalone_mode=False)
    finally:
        follows.set()
        with_writer.join()
    said = capsys.readouterr()
    assert [json.loads(each)["line"] for each in said.out.splitlines()] == [
        f"I am {SECOND}\t\x1b[2J",
        "later",
    ]
    assert f"the container of {SECOND} in green ended" in said.err


@pytest.mark.parametrize(("number", "fails"), [(2, False), (15, True)])
def test_ctrl_c_is_how_following_ends(
    stand: Quiet, monkeypatch: pytest.MonkeyPatch, number: int, fails: bool
) -> None:
    def interrupted(*_: object) -> Iterator[str]:
        yield "a line"
        raise Interrupted(number)

    monkeypatch.setattr(MemoryEngine, "follow", interrupted)
    if not fails:
        app(["logs", "-f"], prog_name="relctl", standalone_mode=False)
        return
    with pytest.raises(Interrupted):
        app(["logs", "-f"], prog_name="relctl", standalone_mode=False)


def test_lines_are_whole_however_they_come() -> None:
    pieces = [b"a\nb", "c\r\n北".encode()[:-1], "北".encode()[-1:], b"\n\nend"]
    assert list(_lines(pieces)) == ["a", "bc", "北", "", "end"]
    assert list(_lines([])) == []
