"""A clean export of one commit: HEAD, or on request the dirty working tree as a tree of its own."""

import contextlib
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from relctl import process
from relctl.build.tarball import insist_on_files
from relctl.errors import BuildError, UsageError
from relctl.source.git import Git

_POINTER = b"version https://git-lfs.github.com/spec/"
_LARGEST_POINTER = 1024  # bytes, of the Git LFS specification
_EVERYTHING = ("--no-renames", "--untracked-files=all", "--ignore-submodules=none")
_SHOWN = 20  # files listed in a message


@dataclass(frozen=True)
class Blob:
    """A file of a commit: path in the project, git id, size and kind."""

    path: str
    id: str
    size: int
    executable: bool
    link: bool


class Reader:
    """Streams blobs sequentially and unfiltered from one `git cat-file --batch`."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101 - for the type checker: both are pipes
        assert process.stdout is not None  # noqa: S101
        self._requests, self._answers, self._errors = process.stdin, process.stdout, errors
        self._first = True

    def open(self, blob: Blob) -> AbstractContextManager[IO[bytes]]:
        """Open a stream; the caller must read exactly `blob.size` bytes before opening the next."""
        self._skip_line_end()
        with contextlib.suppress(BrokenPipeError):  # git has exited: its answer is empty
            self._requests.write(f"{blob.id}\n".encode())
            self._requests.flush()
        header = self._answers.readline().split()
        if header[1:] != [b"blob", str(blob.size).encode()]:
            raise BuildError(f"{blob.path}: git has lost its contents, {blob.id}{self._said()}", "git fsck")
        return self._checked(blob) if blob.size <= _LARGEST_POINTER else nullcontext(self._answers)

    def _checked(self, blob: Blob) -> AbstractContextManager[IO[bytes]]:
        content = self._answers.read(blob.size)
        if content.startswith(_POINTER):
            raise BuildError(
                f"{blob.path}: the commit holds a Git LFS pointer, not the file",
                f"commit the file itself: git lfs untrack {blob.path}, then git add {blob.path}",
            )
        return io.BytesIO(content)

    def _said(self) -> str:
        """Return git's first messages, without moving its write position."""
        words = os.pread(self._errors.fileno(), 500, 0).decode(errors="replace").strip()
        return f": {words}" if words else ""

    def _skip_line_end(self) -> None:
        """Skip the line feed that git adds after each content."""
        if not self._first:
            self._answers.read(1)
        self._first = False


@dataclass(frozen=True)
class Checkout:
    """One commit, made at `created` (seconds since 1970); `dirty` is the hash of an uncommitted tree."""

    git: Git
    tree: str
    revision: str
    created: int
    dirty: str = ""

    def identities(self, paths: Iterable[str]) -> dict[str, str]:
        """Return git's ids of files and folders; raises BuildError for a path not in the commit."""
        wanted = list(paths)
        found = {}
        for record in self.git.records("ls-tree", "-z", self.tree, "--", *wanted):
            facts, path = record.split("\t", 1)
            found[path] = facts.split()[2]
        for path in wanted:
            if path not in found:
                raise self.missing(path)
        return found

    def files(self, path: str) -> list[Blob]:
        """Return the files at or below `path`, sorted by path; raises BuildError if there are none."""
        records = self.git.records("ls-tree", "-r", "-l", "-z", self.tree, "--", path)
        if not records:
            raise self.missing(path)
        return sorted((_blob(record) for record in records), key=lambda blob: blob.path)

    @contextlib.contextmanager
    def contents(self) -> Iterator[Reader]:
        """Open the contents of the files."""
        with tempfile.TemporaryFile() as errors:
            running = self.git.stream("cat-file", "--batch", errors=errors)
            try:
                yield Reader(running, errors)
            finally:
                process.stop(running)

    def text(self, path: str) -> str:
        """Return one file as text."""
        return self.git.read("cat-file", "blob", self.identities([path])[path]).decode()

    def missing(self, path: str) -> BuildError:
        """Return the error for a path in versions.yaml that the commit does not hold."""
        return BuildError(
            f"versions.yaml names {path}, which commit {self.revision[:7]} does not hold",
            f"git add {path} && git commit, or correct versions.yaml",
        )


def _blob(record: str) -> Blob:
    facts, path = record.split("\t", 1)
    mode, kind, identity, size = facts.split()
    if kind != "blob":
        raise BuildError(
            f"{path}: a submodule; a commit does not hold its files", "commit the files themselves"
        )
    insist_on_files(path)
    return Blob(path, identity, int(size), executable=mode == "100755", link=mode == "120000")


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
