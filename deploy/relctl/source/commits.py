"""The commits between two releases, for release notes."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from relctl.engine.labels import OCI_REVISION
from relctl.engine.protocol import Image
from relctl.errors import BuildError
from relctl.source.git import Git

_WHOLE_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FORMAT = "--format=%m%x00%H%x00%cI%x00%an%x00%s"  # which side, id, time, author, subject
_FORMATTED = ("--no-commit-header", "--encoding=UTF-8", _FORMAT)


@dataclass(frozen=True)
class Commit:
    """One commit: full id, commit time (RFC 3339), author's name, and subject."""

    revision: str
    at: str
    author: str
    subject: str


@dataclass(frozen=True)
class CommitsBetween:
    """The commits that only the first or only the second of two releases has, newest first.

    If git does not know, both lists are empty and `unknown` has the reason.
    """

    first: list[Commit] = field(default_factory=list)
    second: list[Commit] = field(default_factory=list)
    unknown: str = ""


def commits_between(root: Path, first: Image, second: Image) -> CommitsBetween:
    """Return the commits between two images' revisions that change the project's folder.

    An unknown revision or a missing repository is a reason, not an error: images can be compared without.
    """
    git, revisions = Git(root), [image.labels.get(OCI_REVISION, "") for image in (first, second)]
    try:
        for revision in revisions:
            if not _WHOLE_ID.fullmatch(revision) or not git.knows(revision):
                return CommitsBetween(unknown=f"{root} has no commit {revision[:12]!r}")
        listed = git.read("rev-list", "--left-right", *_FORMATTED, "...".join(revisions), "--", ".")
    except BuildError as error:
        return CommitsBetween(unknown=error.message)
    return _read(listed.decode(errors="replace"))


def _read(listed: str) -> CommitsBetween:
    sides: dict[str, list[Commit]] = {"<": [], ">": []}
    for line in listed.split("\n")[:-1]:  # git's line end; a subject may contain other line separators
        side, *facts = line.split("\0")
        sides[side].append(Commit(*facts))
    return CommitsBetween(sides["<"], sides[">"])
