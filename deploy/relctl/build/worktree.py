"""The working tree as a git tree, for builds of what is not committed yet."""

import contextlib
import os
import shutil
from pathlib import Path

from relctl.build.git import Git


def snapshot(git: Git, scratch: Path) -> tuple[str, Git]:
    """Return the tree of all tracked and untracked, non-ignored files, and a git that can read it.

    The index and the new objects live in `scratch`: the repository is not touched. The user's index is
    copied for what it knows of unchanged files, which are then not read again.
    """
    (scratch / "objects").mkdir()
    with contextlib.suppress(FileNotFoundError):
        shutil.copy(_inside(git, "index"), scratch / "index")
    variables = {
        "GIT_INDEX_FILE": str(scratch / "index"),
        "GIT_OBJECT_DIRECTORY": str(scratch / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(_inside(git, "objects")),
    }
    apart = Git(git.folder, variables)
    apart.read("add", "--all", "--", ".")
    return apart.text("write-tree"), apart


def _inside(git: Git, name: str) -> Path:
    return Path(os.path.abspath(git.folder / git.text("rev-parse", "--git-path", name)))  # noqa: PTH100 - no links
