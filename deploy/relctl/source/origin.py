"""Tie images to commits: what was built here, and from which commit; the commits between two images."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from relctl.config.project import Project
from relctl.engine.labels import OCI_REVISION
from relctl.engine.protocol import Image
from relctl.errors import BuildError, NotProvedError
from relctl.source.git import Git
from relctl.state.event import Event
from relctl.state.files import replace_text
from relctl.state.ledger import Ledger
from relctl.state.opening import read_own
from relctl.state.paths import Paths
from relctl.tag import Tag

_WHOLE_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FORMAT = "--format=%m%x00%H%x00%cI%x00%an%x00%s"  # which side, id, time, author, subject
_FORMATTED = ("--no-commit-header", "--encoding=UTF-8", _FORMAT)


class BuildRecord(BaseModel):
    """The record of one build: image, tag, full commit id, time and builder."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    image_id: str
    tag: str
    revision: str = Field(pattern=r"^[0-9a-f]{40,64}$")
    at: AwareDatetime
    by: str
    relctl: str = ""


class BuildRecords:
    """All build records of a state directory, by image id, across its services and environments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, image_id: str) -> Path:
        """Return the path of an image's record, existing or not."""
        return self.folder / f"{image_id.removeprefix('sha256:')}.json"

    def keep(self, record: BuildRecord) -> None:
        """Write a record unless an identical one exists; replace an unreadable one."""
        if not self._has(record):
            replace_text(self.path(record.image_id), record.model_dump_json(indent=2) + "\n")

    def _has(self, record: BuildRecord) -> bool:
        try:
            found = self.find(record.image_id)
        except NotProvedError:
            return False
        return found is not None and (found.tag, found.revision) == (record.tag, record.revision)

    def find(self, image_id: str) -> BuildRecord | None:
        """Return the record of exactly this image, None if there is none.

        Raises NotProvedError for a file that is not a record, or is the record of another image: a link, a
        pipe, a file of another user.
        """
        path = self.path(image_id)
        try:
            found = BuildRecord.model_validate_json(read_own(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(path, str(error.strerror)) from None
        except ValidationError as error:
            raise _unusable(path, error.errors()[0]["msg"]) from None
        if found.image_id != image_id:
            raise _unusable(path, f"it describes another image, {found.image_id}")
        return found


def of_ledgers(paths: Paths, image_id: str) -> BuildRecord | None:
    """Return the build of an image as older relctl versions, without build records, logged it in the ledgers.

    Unreadable ledger lines are ignored.
    """
    events = (event for path in paths.ledgers for event in Ledger(path).salvage().events)
    built = (_of_event(event) for event in events if (event.event, event.image_id) == ("built", image_id))
    return next(filter(None, built), None)


def _of_event(event: Event) -> BuildRecord | None:
    facts = {name: getattr(event, name) for name in ("image_id", "tag", "at", "by")}
    try:
        return BuildRecord.model_validate({**facts, "revision": event.details.get("revision")})
    except ValidationError:  # a line without a commit is no record
        return None


def _unusable(path: Path, why: str) -> NotProvedError:
    return NotProvedError(
        f"{path}: not a build record: {why}", "run relctl build on the release's commit to write it again"
    )


def insist_on_origin(project: Project, paths: Paths, image: Image, tag: Tag) -> None:
    """Raise NotProvedError unless `relctl build` made exactly this image with this tag, from a known commit.

    Labels prove nothing: anyone who makes an image can set them.
    """
    record = BuildRecords(paths.built).find(image.id) or of_ledgers(paths, image.id)
    if record is None:
        raise NotProvedError(
            f"{tag} was not built here: there is no build record of {image.id[:19]}", _build(tag)
        )
    _insist_on_labels(record, image, tag)
    if not Git(project.root).knows(record.revision):
        raise NotProvedError(
            f"{tag} was built of {record.revision[:12]}, a commit that {project.root} does not have",
            "git fetch the branch that has it; or relctl build of a commit that is there",
        )


def _insist_on_labels(record: BuildRecord, image: Image, tag: Tag) -> None:
    if record.tag != str(tag):
        raise NotProvedError(
            f"{image.id[:19]} was built as {record.tag}, and not as {tag}", f"relctl verify {record.tag}"
        )
    labelled = image.labels.get(OCI_REVISION, "")
    if labelled != record.revision or not record.revision.startswith(tag.commit):
        raise NotProvedError(
            f"{tag} was built of {record.revision[:12]}, and its labels say {labelled[:12]!r}", _build(tag)
        )


def _build(tag: Tag) -> str:
    return f"git checkout {tag.commit}, then relctl build: the same commit gives the same image, and a record"


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
