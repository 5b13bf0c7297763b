"""Contents of files in a commit, as git stores them: no line ending, keyword or filter is applied."""

import contextlib
import io
import subprocess
from collections.abc import Iterator
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
    """Streams blobs, one after the other, from a single `git cat-file --batch`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101 - for the type checker: both are pipes
        assert process.stdout is not None  # noqa: S101
        self._requests, self._answers = process.stdin, process.stdout
        self._first = True

    def open(self, blob: Blob) -> AbstractContextManager[IO[bytes]]:
        """Give a stream of which exactly `blob.size` bytes must be read before the next is opened."""
        self._skip_line_end()
        self._requests.write(f"{blob.id}\n".encode())
        self._requests.flush()
        header = self._answers.readline().split()
        if header[1:] != [b"blob", str(blob.size).encode()]:
            raise BuildError(f"{blob.path}: git has lost its contents, {blob.id}", "git fsck")
        return self._checked(blob) if blob.size <= _LARGEST_POINTER else nullcontext(self._answers)

    def _checked(self, blob: Blob) -> AbstractContextManager[IO[bytes]]:
        content = self._answers.read(blob.size)
        if content.startswith(_POINTER):
            raise BuildError(
                f"{blob.path}: the commit holds a Git LFS pointer, not the file",
                f"commit the file itself: git lfs untrack {blob.path}, then git add {blob.path}",
            )
        return io.BytesIO(content)

    def _skip_line_end(self) -> None:
        """Git ends each content with a line feed of its own."""
        if not self._first:
            self._answers.read(1)
        self._first = False


@contextlib.contextmanager
def reader(git: Git) -> Iterator[Reader]:
    """Open the contents of a repository for reading."""
    process = program.start(["git", "cat-file", "--batch"], git.folder, git.environment())
    try:
        yield Reader(process)
    finally:
        program.stop(process)
