"""Another user of this machine, for tests of what they may do: a child process that is not root any more."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from relctl.errors import words_of

NOBODY = pwd.getpwnam("nobody")
SHARED = 4242  # a group that nobody else is in

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def as_nobody(work: Callable[[], object], *groups: int) -> str:
    """Do it as the user nobody, in these groups too; returns what it returned, or which error it raised."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become_nobody(groups)
        _answer(theirs, work)
    os.close(theirs)
    with os.fdopen(ours, "rb") as answer:
        found = answer.read().decode()
    os.waitpid(pid, 0)
    return found


def _become_nobody(groups: tuple[int, ...]) -> None:
    os.setgroups(groups)
    os.setgid(NOBODY.pw_gid)
    os.setuid(NOBODY.pw_uid)


def _answer(to: int, work: Callable[[], object]) -> None:
    try:
        said = str(work())
    except BaseException as error:  # noqa: BLE001 - it is the answer
        hint = getattr(error, "hint", "")
        said = f"{type(error).__name__}: {words_of(error)}: {hint}"
    os.write(to, said.encode())
    os._exit(0)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Lend a folder that every user of the machine can get to."""
    folder = Path(tempfile.mkdtemp(prefix="relctl-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
