"""The door to git: which repository it reads, in which environment, and what happens without git."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from traceback import walk_stack

import pytest

from known_commit import COMMIT, make_repository
from relctl.errors import BuildError
from relctl.source.git import Git

ROOT = Path(__file__).parents[3]
ASKED = """
import pathlib, sys
from relctl.errors import BuildError
from relctl.source.git import Git
assert "git" not in sys.modules
try:
    print(Git(pathlib.Path(sys.argv[1])).knows(sys.argv[2]))
except BuildError as error:
    print(error.message, error.hint, sep="; ")
"""


class Interrupted(BaseException):
    """As relctl is by a signal."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_repository(tmp_path / "project")
    return tmp_path / "project"


def asked(root: Path, **environ: str) -> str:
    """What a process says that imports GitPython anew."""
    return subprocess.run(
        [sys.executable, "-c", ASKED, str(root), COMMIT],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "deploy")} | environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_a_machine_without_git_is_told_how_to_install_it(root: Path, tmp_path: Path) -> None:
    assert asked(root, PATH=str(tmp_path)) == "git is not installed; apt install git"


def test_no_variable_chooses_another_git_or_lets_the_library_fail(root: Path) -> None:
    assert asked(root, GIT_PYTHON_GIT_EXECUTABLE="/nowhere/git", GIT_PYTHON_REFRESH="nonsense") == "True"


def test_variables_of_an_outer_git_are_dropped_for_git_and_kept_for_everybody_else(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "nonsense")
    before = dict(os.environ)
    assert Git(root).knows(COMMIT)
    with pytest.raises(BuildError):
        Git(root).read("no-such-command")
    assert dict(os.environ) == before


def test_git_takes_no_optional_locks_and_follows_no_replacement(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nenv\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("GIT_TRACE", "1")
    given = dict(line.split("=", 1) for line in Git(root, {"GIT_INDEX_FILE": "/own"}).text("x").splitlines())
    ours = {name: value for name, value in given.items() if name.startswith("GIT_")}
    assert ours == {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_INDEX_FILE": "/own"}
    assert given["LC_ALL"] == "C"


def test_a_folder_that_is_not_there_is_never_taken_for_the_current_one(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    with pytest.raises(BuildError, match=f"cannot change to '{tmp_path / 'gone'}'"):
        Git(tmp_path / "gone").knows(COMMIT)


def test_a_repository_of_somebody_else_is_refused_in_gits_words(root: Path) -> None:
    with pytest.raises(BuildError, match="detected dubious ownership"):
        Git(root, {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}).knows(COMMIT)


def test_git_is_ended_and_waited_for_when_relctl_is_interrupted(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\nexec sleep 100\n")
    (tmp_path / "git").chmod(0o755)
    Git(root).knows(COMMIT)  # GitPython is imported: it must not ask the one that sleeps
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def interrupt(*_: object) -> None:
        raise Interrupted

    def runs() -> bool:
        return (tmp_path / "pid").is_file() and bool((tmp_path / "pid").read_text().strip())

    def is_waited_for() -> bool:
        """A moment before, git runs already, but Popen has not returned: nobody could end it."""
        waits = subprocess.Popen.communicate.__code__
        return any(frame.f_code is waits for frame, _ in walk_stack(sys._current_frames()[main]))

    def interrupt_it() -> None:
        while not over.wait(0.01):
            if runs() and is_waited_for():
                signal.pthread_kill(main, signal.SIGALRM)
                return

    main, over = threading.get_ident(), threading.Event()
    interrupting = threading.Thread(target=interrupt_it)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        interrupting.start()
        with pytest.raises(Interrupted):
            Git(root).read("add", "--all")
    finally:
        over.set()
        interrupting.join()
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
