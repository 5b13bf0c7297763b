"""Choosing the commit to build: HEAD, or on request the dirty working tree as a tree of its own."""

import contextlib
import os
import shutil
from pathlib import Path

from relctl.build.checkout import Checkout
from relctl.errors import BuildError, UsageError
from relctl.source.git import Git

_EVERYTHING = ("--no-renames", "--untracked-files=all", "--ignore-submodules=none")
_SHOWN = 20  # files listed in a message


def open_checkout(root: Path, allow_dirty: bool, scratch: Path) -> Checkout:
    """Open HEAD's commit; refuse a dirty tree, or take it as it is with `allow_dirty`.

    Raises UsageError if there is no commit, or if the tree differs from it.
    """
    git = Git(root)
    created, revision = _head(git)
    changed = git.records("status", "--porcelain", "-z", *_EVERYTHING, "--", ".")
    if not changed:
        return _as_read(root, Checkout(git, revision, revision, created))
    if not allow_dirty:
        raise UsageError(
            f"{root}: these files differ from commit {revision[:7]}:\n{_listed(changed)}",
            "git commit, or for a trial: relctl build --allow-dirty (promote takes its image only where the "
            "environment says allow_dirty: true)",
        )
    tree, git = _snapshot(git, scratch)
    return _as_read(root, Checkout(git, tree, revision, created, dirty=tree[:12]))


def _head(git: Git) -> tuple[int, str]:
    try:
        created, revision = git.text("rev-list", "--max-count=1", "--timestamp", "HEAD").split()
    except BuildError as error:
        if "not a git repository" in error.message:
            raise UsageError(
                f"{git.folder}: not in a git repository; an image is built from a commit",
                "git init && git add -A && git commit -m 'first'",
            ) from None
        if "ambiguous argument 'HEAD'" in error.message:
            raise UsageError(
                f"{git.folder}: this repository has no commit yet; an image is built from a commit",
                "git add -A && git commit -m 'first'",
            ) from None
        raise
    return int(created), revision


def _as_read(root: Path, checkout: Checkout) -> Checkout:
    """Refuse if the versions.yaml just read differs from the commit's: ignored, or hidden from git.

    It holds no variables, so equal text means equal content.
    """
    committed = checkout.identities(["versions.yaml"])["versions.yaml"]
    if committed != checkout.git.text("hash-object", "versions.yaml"):
        raise UsageError(
            f"{root}/versions.yaml is not commit {checkout.revision[:7]}'s, though git calls the tree clean",
            "git ls-files -v versions.yaml shows why; git update-index --no-assume-unchanged versions.yaml",
        )
    return checkout


def _listed(changed: list[str]) -> str:
    more = len(changed) - _SHOWN
    lines = [f"  {record}" for record in changed[:_SHOWN]] + [f"  … and {more} more"] * (more > 0)
    return "\n".join(lines)


def _snapshot(git: Git, scratch: Path) -> tuple[str, Git]:
    """Return a tree of all tracked and untracked, non-ignored files, and a git that can read it.

    The index and the new objects live in `scratch`: the repository is not changed. The user's index is
    copied, so that unchanged files are not read again.
    """
    (scratch / "objects").mkdir()
    with contextlib.suppress(FileNotFoundError):
        # With its time: git reads again what changed no earlier than the index, and trusts the rest.
        shutil.copy2(_inside(git, "index"), scratch / "index")
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
