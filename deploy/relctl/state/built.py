"""Build records: which images were built here and from which commit, one JSON file each."""

from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from relctl.errors import NotProvedError
from relctl.state.event import Event
from relctl.state.files import replace_text
from relctl.state.ledger import Ledger
from relctl.state.opening import read_own
from relctl.state.paths import Paths


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
