"""What a shell completes, and that a short tag is reported in full."""

import os
import subprocess
from pathlib import Path

import pytest
import typer

from memory_engine import MemoryEngine
from relctl.cli import completion
from relctl.cli.context import Settings
from relctl.cli.main import app
from relctl.cli.output import Speaker
from relctl.engine.protocol import Image
from scratch import ECHO, RELCTL


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> MemoryEngine:
    made = MemoryEngine()
    for number, tag in enumerate(("v1.2.0-abc12de", "v1.1.0-def34ab")):
        labels = {"io.relctl.service": "echo", "io.relctl.tag": tag}
        made.add(Image(f"sha256:{number}", (f"relctl-test-echo:{tag}",), labels, (), "", 1))
    monkeypatch.setattr(Settings, "engine", lambda *_: made)
    monkeypatch.chdir(ECHO)
    return made


def completed(words: str, incomplete: str) -> list[str]:
    """What is offered behind words that were typed."""
    command = typer.main.get_command(app)
    context = command.make_context("relctl", words.split(), resilient_parsing=True)
    verb, inner, rest = command.resolve_command(context, words.split())  # type: ignore[attr-defined]
    below = inner.make_context(verb, rest, parent=context, resilient_parsing=True)
    return completion.tags(below, incomplete)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("incomplete", "offered"),
    [
        ("", ["v1.2.0-abc12de", "v1.1.0-def34ab", "HEAD", "latest"]),
        ("v1.1", ["v1.1.0-def34ab"]),
        ("la", ["latest"]),
        ("x", []),
    ],
)
def test_tags_are_offered(incomplete: str, offered: list[str]) -> None:
    assert completed("promote", incomplete) == offered


@pytest.mark.usefixtures("engine")
def test_where_something_is_wrong_nothing_is_offered() -> None:
    assert completed("promote --env no-such", "") == []


def shell(words: str, folder: Path, **environ: str) -> list[str]:
    """What bash is told by the real command."""
    asked = {"_RELCTL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(
        [str(RELCTL)],
        cwd=folder,
        env=os.environ | asked | environ,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.stdout.split()


def test_environments_are_offered_before_and_behind_the_verb(tmp_path: Path) -> None:
    assert shell("relctl --env ", ECHO) == ["local"]
    assert shell("relctl status --env l", ECHO) == ["local"]
    assert shell("relctl status --env x", ECHO) == []
    assert shell("relctl --env ", tmp_path) == []


def test_events_of_the_ledger_are_offered_as_far_as_it_is_readable(tmp_path: Path) -> None:
    ledger = tmp_path / "echo-local" / "ledger.jsonl"
    ledger.parent.mkdir()
    lines = [f'{{"v": 1, "event": "{name}"}}' for name in ("built", "observing", "observed", "built")]
    ledger.write_text("\n".join([*lines, "not an event", ""]))
    state = {"RELCTL_STATE_DIR": str(tmp_path)}
    assert shell("relctl history --event ", ECHO, **state) == ["built", "observed", "observing"]
    assert shell("relctl history --event obs", ECHO, **state) == ["observed", "observing"]
    assert shell("relctl history --event ", ECHO, RELCTL_STATE_DIR=str(tmp_path / "none")) == []


def test_verbs_are_offered() -> None:
    assert shell("relctl pro", ECHO) == ["promote", "proxy"]


@pytest.mark.usefixtures("engine")
def test_a_short_tag_is_said_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    found = Settings(ECHO, "local", Speaker(as_json=False)).tag("1.2.0")
    assert str(found) == "v1.2.0-abc12de"
    assert capsys.readouterr().err.endswith("  1.2.0 is v1.2.0-abc12de\n")
