"""The clean export of one commit: its files and their contents, never what the working tree holds."""

import contextlib
import io
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import IO

from relctl.build import program
from relctl.build.git import Git
from relctl.errors import BuildError

_POINTER = b"version https://git-lfs.github.com/spec/"
_LARGEST_POINTER = 1024  # bytes, of the Git LFS specification


@dataclass(frozen=True)
class Blob:
    """A file of a commit: its path in the project, git's id, its size, and what kind it is."""

    path: str
    id: str
    size: int
    executable: bool
    link: bool


class Reader:
    """Streams blobs as git stores them, unfiltered, one after the other, from one `git cat-file --batch`."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101 - for the type checker: both are pipes
        assert process.stdout is not None  # noqa: S101
        self._requests, self._answers, self._errors = process.stdin, process.stdout, errors
        self._first = True

    def open(self, blob: Blob) -> AbstractContextManager[IO[bytes]]:
        """Give a stream of which exactly `blob.size` bytes must be read before the next is opened."""
        self._skip_line_end()
        with contextlib.suppress(BrokenPipeError):  # git has ended: its answer is empty
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
        """Give git's first words, without moving the position at which it writes them."""
        words = os.pread(self._errors.fileno(), 500, 0).decode(errors="replace").strip()
        return f": {words}" if words else ""

    def _skip_line_end(self) -> None:
        """Git ends each content with a line feed of its own."""
        if not self._first:
            self._answers.read(1)
        self._first = False


@dataclass(frozen=True)
class Checkout:
    """One commit, made at `created` (seconds since 1970); `dirty` is the hash of a tree that none has."""

    git: Git
    tree: str
    revision: str
    created: int
    dirty: str = ""

    def identities(self, paths: Iterable[str]) -> dict[str, str]:
        """Return git's ids of files and folders; raises BuildError for a path that the commit lacks."""
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
        """Return the files at or below `path`, in the order of their paths."""
        records = self.git.records("ls-tree", "-r", "-l", "-z", self.tree, "--", path)
        if not records:
            raise self.missing(path)
        return sorted((_blob(record) for record in records), key=lambda blob: blob.path)

    def contents(self) -> AbstractContextManager[Reader]:
        """Open the files' contents."""
        return _reader(self.git)

    def text(self, path: str) -> str:
        """Return one file as text."""
        return self.git.read("cat-file", "blob", self.identities([path])[path]).decode()

    def missing(self, path: str) -> BuildError:
        """The error for a path that versions.yaml names and the commit does not hold."""
        return BuildError(
            f"versions.yaml names {path}, which commit {self.revision[:7]} does not hold",
            f"git add {path} && git commit, or correct versions.yaml",
        )


@contextlib.contextmanager
def _reader(git: Git) -> Iterator[Reader]:
    """Open the contents of a repository for reading."""
    command = ["git", "cat-file", "--batch"]
    with tempfile.TemporaryFile() as errors:  # not a pipe: nobody reads while contents are streamed
        process = program.start(command, git.folder, git.environment(), stderr=errors)
        try:
            yield Reader(process, errors)
        finally:
            program.stop(process)


def _blob(record: str) -> Blob:
    facts, path = record.split("\t", 1)
    mode, kind, identity, size = facts.split()
    if kind != "blob":
        raise BuildError(
            f"{path}: a submodule; a commit does not hold its files", "commit the files themselves"
        )
    return Blob(path, identity, int(size), executable=mode == "100755", link=mode == "120000")
