"""The command line: help, versions, flags in any place, usage errors, and words apart from data."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import relctl
from relctl.cli.context import Settings
from relctl.cli.output import Speaker, complain
from relctl.cli.verbs import SHARED
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


@pytest.mark.parametrize("arguments", [("--version",), ("-V",), ("-V", "status"), ("--json", "--version")])
def test_the_version_is_that_of_the_package(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).stdout == f"relctl {relctl.__version__}\n"


def modules(code: str) -> set[str]:
    """What a program has imported at its end."""
    command = [sys.executable, "-c", f"{code}; import sys; print(*sys.modules, file=sys.stderr)", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return set(done.stderr.split())


def test_the_version_is_told_before_anything_is_imported() -> None:
    found = modules("from relctl.cli.start import main; main()")
    assert {each for each in found if each.startswith("relctl")} == {
        "relctl",
        "relctl.cli",
        "relctl.cli.start",
    }
    assert not found & {"typer", "json", "dataclasses"}


def test_a_verb_pays_for_no_other_verb() -> None:
    code = "from relctl.cli.main import app; app(['help', '-h'], standalone_mode=False)"
    found = {each for each in modules(code) if each.startswith("relctl.cli.")}
    assert "relctl.cli.help" in found
    assert not found & {"relctl.cli.status", "relctl.cli.promote", "relctl.cli.proxy", "relctl.cli.history"}


@pytest.mark.parametrize("words", [(), ("proxy",), ("proxy", "up"), ("promote",)])
def test_help_is_a_verb_too(words: tuple[str, ...]) -> None:
    asked, typed = run("help", *words), run(*words, "--help")
    assert asked.stdout == typed.stdout
    assert (asked.returncode, typed.returncode) == (0, 0)


def test_help_about_what_is_no_verb_is_refused() -> None:
    done = run("help", "promot")
    assert done.returncode == 2
    assert "relctl: error: No such command 'promot'. Did you mean 'promote'?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [(("statsu",), "'status'"), (("status", "--wacth"), "--watch"), (("--jsn",), "--json")],
)
def test_what_was_meant_is_named(arguments: tuple[str, ...], meant: str) -> None:
    assert meant in run(*arguments).stderr.split("relctl: error: ")[1]


@pytest.mark.parametrize(
    "arguments", [("promot",), ("promote",), ("promote", "a", "b"), ("status", "--nope")]
)
def test_a_wrong_call_ends_with_2_and_the_usage(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Usage: relctl" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("words", [(), ("proxy",)])
def test_without_a_verb_the_help_is_shown_and_nothing_else(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.rstrip() == run(*words, "--help").stdout.rstrip()


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


BROKEN = (
    "import sys, relctl.cli.main as m\n"
    "def app(*a, **k): raise ValueError('planted')\n"
    "m.app = app; sys.argv = ['relctl', *sys.argv[1:]]; m.main()"
)
PROJECT = Path(__file__).parents[2] / "projects" / "echo"
GLOBALS = ("--project", str(PROJECT), "--env", "no-such", "--json")


@pytest.mark.parametrize(
    "arguments",
    [
        (*GLOBALS, "proxy", "check"),
        ("proxy", *GLOBALS, "check"),
        ("proxy", "check", *GLOBALS),
        ("--env", "local", "proxy", "--env", "other", "check", *GLOBALS),
    ],
)
def test_what_stands_furthest_behind_counts(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "there is no environment 'no-such'" in json.loads(done.stderr)["error"]


def test_what_stands_behind_two_dashes_is_no_option() -> None:
    done = run("--project", str(PROJECT), "promote", "--", "--json")
    assert "relctl: error: '--json' is not a release tag" in done.stderr


def test_every_verb_lists_the_global_options() -> None:
    for words in (("status",), ("proxy", "check")):
        shown = run(*words, "--help").stdout
        assert [each for each in SHARED if f"--{each.replace('_', '-')}" not in shown] == []


def test_as_json_an_error_is_the_last_line_of_what_is_said(tmp_path: Path) -> None:
    done = run("status", "--json", folder=tmp_path)
    assert done.stdout == ""
    assert json.loads(done.stderr.splitlines()[-1]) == {
        "error": f"no versions.yaml in {tmp_path} or above it",
        "next": "cd into a project, or relctl --project DIR …",
        "code": 2,
    }


def test_as_json_a_wrong_call_is_explained_too() -> None:
    done = run("status", "--xyz", "--json")
    assert done.returncode == 2
    assert json.loads(done.stderr) == {
        "error": "No such option: --xyz",
        "next": "relctl status --help",
        "code": 2,
    }


def test_as_json_a_defect_is_an_error_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, "status", "--json"], capture_output=True, text=True, timeout=30
    )
    assert json.loads(done.stderr)["code"] == done.returncode == 1


def test_as_json_an_interruption_is_an_error_too() -> None:
    interrupted = BROKEN.replace("ValueError('planted')", "m.Interrupted(15)")
    words, told = (
        subprocess.run(
            [sys.executable, "-c", interrupted, *typed], capture_output=True, text=True, timeout=30
        )
        for typed in ((), ("--json",))
    )
    assert words.stderr == "relctl: interrupted by SIGTERM; relctl status shows the state\n"
    assert json.loads(told.stderr) == {
        "error": "interrupted by SIGTERM",
        "next": "relctl status shows the state",
        "code": 143,
    }
    assert words.returncode == told.returncode == 143


def test_quiet_may_stand_before_and_behind_the_verb() -> None:
    words = ("--project", str(PROJECT), "history", "--event", "nope")
    assert "no event nope" in run(*words).stderr
    assert run("-q", *words).stderr == run(*words, "--quiet").stderr == ""


def test_quietly_only_progress_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    speaker = Speaker(as_json=False, quiet=True)
    speaker.say("starting")
    speaker.emit({}, lambda: print("result"))
    complain(RelctlError("wrong"))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("result\n", "relctl: error: wrong\n")


def test_quiet_reaches_the_speaker() -> None:
    settings = Settings(None, "local", Speaker(as_json=False)).under({"quiet": True, "env": "ci"})
    assert (settings.speaker.quiet, settings.speaker.as_json, settings.env) == (True, False, "ci")


def test_words_that_nobody_reads_any_more_stop_nothing() -> None:
    speaking = "from relctl.cli.output import Speaker; Speaker(False).say('x' * 10**6); print('went on')"
    command = f'{sys.executable} -c "{speaking}" 2>/dev/full'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30)
    assert done.stdout == "went on\n"


def test_a_reason_in_brackets_is_no_markup(tmp_path: Path) -> None:
    table = (
        "from relctl.cli.output import table; table(('A', 'B'), [('[/prod] broken', '[red]x' + 'y' * 500)])"
    )
    done = subprocess.run([sys.executable, "-c", table], capture_output=True, text=True, timeout=30)
    assert "[/prod] broken" in done.stdout
    assert "[red]x" + "y" * 500 in done.stdout


def test_a_defect_is_one_sentence_and_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, "status"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert "relctl: error: a bug in relctl: ValueError: planted" in done.stderr
    assert "Traceback" not in done.stderr
    shown = subprocess.run(
        [sys.executable, "-c", BROKEN, "--debug"], capture_output=True, text=True, timeout=30
    )
    assert "Traceback" in shown.stderr
    assert shown.returncode == 1


def test_what_would_steer_a_terminal_is_not_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    Speaker(as_json=False).say("made by \x1b]0;title\x07 and \x9b2J, 北京 with\ttabs")
    complain(RelctlError("a candidate said \x1b[2J"))
    said = capsys.readouterr().err
    assert not {"\x1b", "\x07", "\x9b"} & set(said)
    assert "北京 with\ttabs" in said
