"""Somebody's program: what it is given, how it ends, and that nothing of it stays."""

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from relctl import process
from relctl.process import run_within


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def alive(pid: int) -> bool:
    """Whether a process still runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_gets_the_message_and_the_variables_and_works_in_the_folder(tmp_path: Path) -> None:
    code = "import os, sys; print(sys.stdin.read(), os.environ['TOLD'], os.getcwd())"
    ended = run_within(python(code), tmp_path, {"TOLD": "this"}, b"a message", 10.0)
    assert (ended.code, ended.output) == (0, f"a message this {tmp_path}\n")


def test_a_program_that_ignores_its_input_is_no_trouble_however_much_there_is(tmp_path: Path) -> None:
    ended = run_within(python("pass"), tmp_path, {}, b"x" * 1_000_000, 10.0)
    assert ended.code == 0


def test_the_exit_code_and_the_last_words_of_a_program_that_fails_are_kept(tmp_path: Path) -> None:
    ended = run_within(
        python("import sys; print('one', flush=True); print('two', file=sys.stderr); sys.exit(3)"),
        tmp_path,
        {},
        b"",
        9,
    )
    assert (ended.code, ended.last_line) == (3, "two")
    assert run_within(["false"], tmp_path, {}, b"", 9).last_line == "it printed nothing"


def test_a_program_that_talks_without_end_is_neither_kept_nor_blocked(tmp_path: Path) -> None:
    ended = run_within(python("import sys; sys.stdout.write('y' * 5_000_000)"), tmp_path, {}, b"", 20.0)
    assert ended.code == 0
    assert len(ended.output) == 4000


def test_a_program_that_takes_too_long_is_killed_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import pathlib, subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); "
        "pathlib.Path('told').touch(); time.sleep(60)"
    )

    def now() -> float:
        """Its time is over once it has told, however long that takes here."""
        return 1.0 if (tmp_path / "told").exists() else 0.0

    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=now, sleep=time.sleep))
    began = time.monotonic()
    ended = run_within(python(code), tmp_path, {}, b"", 1.0)
    assert ended.code is None
    assert time.monotonic() - began < 50, "it was waited for"
    deadline = time.monotonic() + 30
    while alive(int(ended.output)):
        assert time.monotonic() < deadline, "the program's child runs on"
        time.sleep(0.02)


def test_an_interrupt_ends_the_program_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids: list[int] = []

    class Interrupted(BaseException):
        pass

    def killpg(pid: int, number: int) -> None:
        pids.append(pid)
        os.kill(pid, number)

    def interrupt(_seconds: float) -> None:
        raise Interrupted

    monkeypatch.setattr(os, "killpg", killpg)
    # Of this module alone: a thread that another test has left at work may sleep meanwhile.
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=time.monotonic, sleep=interrupt))
    with pytest.raises(Interrupted):
        run_within(["sleep", "60"], tmp_path, {}, b"", 30.0)
    assert not alive(pids[0])


def test_what_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_within(["no-such-program"], tmp_path, {}, b"", 1.0)
