"""The clean export of one commit: which files it holds, never what the working tree happens to hold."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from relctl.build import blobs
from relctl.build.git import Git
from relctl.errors import BuildError


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

    def files(self, path: str) -> list[blobs.Blob]:
        """Return the files at or below `path`, in the order of their paths."""
        records = self.git.records("ls-tree", "-r", "-l", "-z", self.tree, "--", path)
        if not records:
            raise self.missing(path)
        return sorted((_blob(record) for record in records), key=lambda blob: blob.path)

    def contents(self) -> AbstractContextManager[blobs.Reader]:
        """Open the files' contents."""
        return blobs.reader(self.git)

    def text(self, path: str) -> str:
        """Return one file as text."""
        return self.git.read("cat-file", "blob", self.identities([path])[path]).decode()

    def missing(self, path: str) -> BuildError:
        """The error for a path that versions.yaml names and the commit does not hold."""
        return BuildError(
            f"versions.yaml names {path}, which commit {self.revision[:7]} does not hold",
            f"git add {path} && git commit, or correct versions.yaml",
        )


def _blob(record: str) -> blobs.Blob:
    facts, path = record.split("\t", 1)
    mode, kind, identity, size = facts.split()
    if kind != "blob":
        raise BuildError(
            f"{path}: a submodule; a commit does not hold its files", "commit the files themselves"
        )
    return blobs.Blob(path, identity, int(size), executable=mode == "100755", link=mode == "120000")
