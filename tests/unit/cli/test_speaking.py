"""The command line: help, versions, flags in any place, usage errors, and words apart from data."""

import json
import subprocess
from pathlib import Path

import pytest

import relctl
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


def test_global_flags_may_stand_behind_the_verb(tmp_path: Path) -> None:
    project = Path(__file__).parents[2] / "projects" / "echo"
    before = run("--project", str(project), "--json", "history", folder=tmp_path)
    after = run("--project", str(project), "history", "--json", folder=tmp_path)
    assert json.loads(before.stdout) == json.loads(after.stdout) == []
