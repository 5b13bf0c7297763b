"""Colours: who gets them, and that they change no word."""

import re
from dataclasses import replace

import pytest

from relctl.cli.context import tell_plan
from relctl.cli.output import Speaker, complain
from relctl.cli.status import pause_of
from relctl.cli.status_text import tell
from relctl.errors import RelctlError
from relctl.proxy.recent_traffic import Traffic
from relctl.rollout.failover import SlotStatus
from relctl.rollout.status import Status
from relctl.state.steps import Step
from scratch import RELCTL
from terminal import terminal

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
RED, GREEN, YELLOW, END = "\x1b[1;31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"
STATUS = Status(
    service="translator",
    environment="local",
    url="http://127.0.0.1:8080",
    pointer="blue",
    live=SlotStatus("blue", "v1.0.0-abc12de", "sha256:1", "ready", "127.0.0.1:1"),
    standby=SlotStatus("green", "v1.1.0-abc12de", "sha256:2", "stopped", ""),
    proxy="running",
    at_work="",
    watching="",
    standing_in=None,
    switched=None,
    traffic=Traffic(300.0, {}),
    drift=["green is stopped"],
    notices=["v1.0.0-abc12de was promoted by force"],
    observing=None,
    events=[],
)


@pytest.fixture(autouse=True)
def no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def status(capsys: pytest.CaptureFixture[str]) -> str:
    tell(STATUS)
    return capsys.readouterr().out


def test_how_it_stands_is_seen_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = status(capsys)
    assert "\x1b" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = status(capsys)
    assert COLOUR.sub("", coloured) == plain
    assert f"  live     {GREEN}v1.0.0-abc12de  blue  ready" in coloured
    assert f"  standby  {RED}v1.1.0-abc12de  green  stopped" in coloured
    assert f"  notice   {YELLOW}v1.0.0-abc12de was promoted by force{END}\n" in coloured
    assert f"  drift    {RED}green is stopped{END}\n" in coloured


def test_a_missing_pointer_is_red(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    tell(replace(STATUS, pointer="", live=None))
    shown = capsys.readouterr().out
    assert f"  pointer  {RED}missing{END}\n" in shown
    assert "  live     none\n" in shown


def test_an_error_and_progress_have_colours_and_others_words_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    complain(RelctlError(f"a log:\n{RED}evil", "relctl status"))
    Speaker(as_json=False, started=0.0).say("starting")
    error, more, hint, progress = capsys.readouterr().err.splitlines()
    assert error == f"{RED}relctl: error:{END} a log:"
    assert more == "  | \\x1b[1;31mevil"
    assert hint == "\x1b[1m  next:\x1b[0m relctl status"
    assert re.fullmatch(r"\x1b\[2m *\d+\.\d s  \x1b\[0mstarting", progress)


def test_what_undoes_a_step_is_dim(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    tell_plan(Speaker(as_json=False), [Step("start", "start it", "empty green")])
    _, undo, _ = capsys.readouterr().out.splitlines()
    assert undo == "\x1b[2m           undo: empty green\x1b[0m"


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        ({}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
    ],
)
def test_a_terminal_has_colours_unless_somebody_forbids_it(environ: dict[str, str], coloured: bool) -> None:
    with terminal(str(RELCTL), "promote", "", environ=environ) as shown:
        assert shown.ended() == 2
        assert "relctl: error:" in shown.output
        assert ("\x1b" in shown.output) is coloured


def test_json_is_never_coloured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    Speaker(as_json=True).emit({"live": "ready"}, lambda: None)
    assert "\x1b" not in capsys.readouterr().out


def test_without_a_terminal_watching_looks_every_30_seconds() -> None:
    assert (pause_of("", on_screen=True), pause_of("", on_screen=False)) == (2.0, 30.0)
    assert pause_of("500ms", on_screen=False) == 0.5
