"""A relctl that is forked and not started ends, speaks and is told as one that is started."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

import forked
from scratch import ECHO, as_program


@pytest.mark.parametrize(
    "arguments",
    [("--version",), ("history",), ("history", "--json"), ("no-such-verb",), ("promote", "no-tag")],
    ids=" ".join,
)
def test_it_says_and_ends_as_the_program_does(arguments: tuple[str, ...], tmp_path: Path) -> None:
    environ = os.environ | {"RELCTL_STATE_DIR": str(tmp_path / "state")}
    ran = [run(arguments, ECHO, environ, 60) for run in (forked.run, as_program)]
    assert ran[0].returncode == ran[1].returncode
    assert (ran[0].stdout, ran[0].stderr) == (ran[1].stdout, ran[1].stderr)


def test_it_is_killed_as_the_program_is(tmp_path: Path) -> None:
    environ = os.environ | {"RELCTL_STATE_DIR": str(tmp_path), "RELCTL_FAULT": "kill:before:lock.take:lock#1"}
    done = forked.run(("prune",), ECHO, environ, 60)
    assert done.returncode == -signal.SIGKILL
    assert "RELCTL_FAULT is set" in done.stderr


def test_it_has_the_umask_and_no_variables_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = os.environ | {"RELCTL_STATE_DIR": str(tmp_path / "state")}
    monkeypatch.setenv("RELCTL_ENV", "nowhere")
    before = os.umask(0o077)
    try:
        done = forked.run(("proxy", "check"), ECHO, environ, 60)
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    project = shutil.copytree(ECHO, tmp_path / "project")
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        forked.run(("status", "--watch", "--every", "1h"), project, os.environ, 2.0)
    assert time.monotonic() - began < 20
    deadline = time.monotonic() + 20
    while works_in(project):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def works_in(folder: Path) -> bool:
    """Whether any process has this working directory."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            if (process / "cwd").readlink() == folder:
                return True
    return False


def test_many_at_once_are_each_told_their_own_end(tmp_path: Path) -> None:
    ends: dict[int, int] = {}

    def run(number: int) -> None:
        arguments = ("--version",) if number % 2 else ("no-such-verb",)
        ends[number] = forked.run(arguments, ECHO, os.environ, 60).returncode

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == {number: 0 if number % 2 else 2 for number in range(12)}
