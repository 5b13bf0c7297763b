"""The command line: help, versions, flags in any place, usage errors, and words apart from data."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import relctl
from relctl.cli.speak import Speaker, complain
from relctl.errors import RelctlError
from scratch import RELCTL


def run(*arguments: str, folder: Path = Path("/")) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(RELCTL), *arguments], cwd=folder, capture_output=True, text=True, timeout=30)


VERBS = ("build", "verify", "promote", "rollback", "status", "releases", "history", "lock", "down", "proxy")


def test_help_lists_every_verb_with_a_sentence() -> None:
    done = run("--help")
    assert done.returncode == 0
    for verb in VERBS:
        assert f" {verb} " in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    done = run(verb, "-h")
    assert done.returncode == 0
    assert "Usage: relctl" in done.stdout


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"relctl {relctl.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [("promot",), ("promote",), ("promote", "a", "b"), ("status", "--nope")]
)
def test_a_wrong_call_ends_with_2_and_the_usage(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Usage: relctl" in done.stderr
    assert done.stdout == ""


def test_outside_of_a_project_the_next_step_is_named(tmp_path: Path) -> None:
    done = run("status", folder=tmp_path)
    assert done.returncode == 2
    assert f"no versions.yaml in {tmp_path} or above it" in done.stderr
    assert "next: cd into a project, or relctl --project DIR" in done.stderr


def test_global_options_may_stand_behind_the_verb(tmp_path: Path) -> None:
    project = Path(__file__).parents[2] / "projects" / "echo"
    before = run("--project", str(project), "--json", "history", folder=tmp_path)
    after = run("history", "--json", "--project", str(project), "--env=local", folder=tmp_path)
    assert json.loads(before.stdout) == json.loads(after.stdout) == []


def test_words_that_nobody_reads_any_more_stop_nothing() -> None:
    speaking = "from relctl.cli.speak import Speaker; Speaker(False).say('x' * 10**6); print('went on')"
    command = f'{sys.executable} -c "{speaking}" 2>/dev/full'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30)
    assert done.stdout == "went on\n"


def test_a_reason_in_brackets_is_no_markup(tmp_path: Path) -> None:
    table = (
        "from relctl.cli.speak import table; table(('A', 'B'), [('[/prod] broken', '[red]x' + 'y' * 500)])"
    )
    done = subprocess.run([sys.executable, "-c", table], capture_output=True, text=True, timeout=30)
    assert "[/prod] broken" in done.stdout
    assert "[red]x" + "y" * 500 in done.stdout


def test_a_defect_is_one_sentence_and_no_traceback() -> None:
    broken = (
        "import sys, relctl.cli.main as m\n"
        "def app(*a, **k): raise ValueError('planted')\n"
        "m.app = app; sys.argv = ['relctl', *sys.argv[1:]]; m.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", broken, "status"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert "relctl: error: a defect of relctl: ValueError: planted" in done.stderr
    assert "Traceback" not in done.stderr
    shown = subprocess.run(
        [sys.executable, "-c", broken, "--debug"], capture_output=True, text=True, timeout=30
    )
    assert "Traceback" in shown.stderr
    assert shown.returncode == 1


def test_what_would_steer_a_terminal_is_not_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    Speaker(as_json=False).say("made by \x1b]0;title\x07 and \x9b2J, 北京 with\ttabs")
    complain(RelctlError("a candidate said \x1b[2J"))
    said = capsys.readouterr().err
    assert not {"\x1b", "\x07", "\x9b"} & set(said)
    assert "北京 with\ttabs" in said
