"""Evidence: the verdicts of one pipeline run over one image id, one JSON file each."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from relctl.errors import UsageError
from relctl.state.files import remove, replace_text
from relctl.state.opening import read_own

Outcome = Literal["pass", "fail"]
GateVerdict = Literal["pass", "fail", "not run", "off"]

_DIGITS = 12  # of the pipeline's checksum in a file name; the file holds all of it


class GateResult(BaseModel):
    """The result of one gate: verdict, figures, and reasons in words, separately and joined."""

    model_config = ConfigDict(frozen=True)

    name: str
    verdict: GateVerdict
    figures: dict[str, Any]
    reason: str
    reasons: list[str] = Field(default=[])
    seconds: float

    @property
    def sentences(self) -> list[str]:
        """The reasons one by one; evidence of an older relctl has them as one alone."""
        return self.reasons or [self.reason]


def overall(gates: Sequence[GateResult]) -> Outcome:
    """Return the overall verdict: pass if at least one gate passed and every other passed or is off."""
    verdicts = {gate.verdict for gate in gates}
    return "pass" if "pass" in verdicts and verdicts <= {"pass", "off"} else "fail"


class Evidence(BaseModel):
    """All verdicts of one pipeline run over one image; bound to the image id, never to a tag.

    `reference` is the live image that the candidate was compared with, `reference_tag` its tag ("" for a
    first release). `environment` and `resources` name the place and the container limits. `data_sets` maps
    paths to SHA-256, `tools` maps measuring tools to versions. `not_proved` lists what no gate could check.
    `service` is "" in evidence of an older relctl.
    """

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    image_id: str
    tag: str
    pipeline: str
    verdict: Outcome
    gates: list[GateResult]
    started: AwareDatetime
    ended: AwareDatetime
    relctl: str
    reference: str = ""
    reference_tag: str = ""
    service: str = ""
    environment: str = ""
    resources: dict[str, float] = Field(default={})
    pipeline_file: str = ""
    data_sets: dict[str, str] = Field(default={})
    tools: dict[str, str] = Field(default={})
    not_proved: list[str] = Field(default=[])

    @model_validator(mode="after")
    def _verdict_of_gates(self) -> "Evidence":
        """Reject a verdict that contradicts the gates; without gates nothing is proved."""
        if self.verdict != overall(self.gates):
            raise ValueError(f"its verdict {self.verdict!r} contradicts its gates")
        return self

    @property
    def text(self) -> str:
        """Return the content of the evidence file."""
        return self.model_dump_json(indent=2) + "\n"

    @property
    def sha256(self) -> str:
        """Return the checksum of the evidence file."""
        return _sha256(self.text.encode())

    @property
    def failed(self) -> list[str]:
        """Return the names of the failed gates, without those that could not run."""
        return [gate.name for gate in self.gates if gate.verdict == "fail"]

    @property
    def off(self) -> dict[str, str]:
        """Return the gates that are switched off, each with its reason."""
        return {gate.name: gate.reason for gate in self.gates if gate.verdict == "off"}

    @property
    def summary(self) -> str:
        """Return the verdict in one line."""
        if self.verdict == "pass":
            return "passed"
        return f"failed: {', '.join(self.failed)}" if self.failed else "the candidate ended before its gates"


class EvidenceStore:
    """The evidence of a host: one file per image id and pipeline; the newest run wins.

    `changed` is called with the folder after evidence was written to it, or removed from it.
    """

    def __init__(self, folder: Path, changed: Callable[[Path], None] = lambda _folder: None) -> None:
        self.folder = folder
        self._changed = changed

    def path(self, image_id: str, pipeline: str) -> Path:
        """Return the path of the evidence of an image and a pipeline checksum, existing or not."""
        return self.folder / f"{_hex(image_id)}-{_hex(pipeline)[:_DIGITS]}.json"

    def forget(self, image_id: str, pipeline: str) -> Path:
        """Remove the result of an earlier run before anything else is written; return the file's path.

        This does not call `changed`: `save` follows.
        """
        path = self.path(image_id, pipeline)
        remove(path, "evidence")
        return path

    def save(self, evidence: Evidence) -> Path:
        """Write atomically and return the path."""
        path = self.path(evidence.image_id, evidence.pipeline)
        replace_text(path, evidence.text)
        self._changed(self.folder)
        return path

    def find(self, image_id: str, pipeline: str) -> Evidence | None:
        """Return the evidence for exactly this image id and pipeline, None if there is none.

        Raises UsageError for an unreadable file, or one about another image or pipeline.
        """
        path = self.path(image_id, pipeline)
        found = read(path) if os.path.lexists(path) else None
        if found and (found.image_id, found.pipeline) != (image_id, pipeline):
            raise UsageError(
                f"{path}: is about another image or pipeline, {found.image_id}",
                "relctl verify the release again",
            )
        return found

    def sha256(self, evidence: Evidence) -> str:
        """Return the checksum of the file that holds this evidence, "" if the file has changed since."""
        path = self.path(evidence.image_id, evidence.pipeline)
        content = _content(path)
        return _sha256(content) if _parsed(path, content) == evidence else ""

    def knows(self, image_id: str) -> bool:
        """Return whether any evidence for an image exists, from any pipeline, readable or not."""
        return any(self.folder.glob(f"{_hex(image_id)}*.json"))

    def of_tag(self, tag: str) -> str:
        """Return the image id of the newest evidence with this tag, "" if none; skip damaged files."""
        found = []
        for path in self.folder.glob("*.json"):
            with contextlib.suppress(UsageError):
                found.append(read(path))
        named = sorted((each.ended, each.image_id) for each in found if each.tag == tag)
        return named[-1][1] if named else ""

    def remove(self, image_id: str) -> None:
        """Remove all evidence of an image, for every pipeline, and its reports."""
        for path in self.folder.glob(f"{_hex(image_id)}-*"):
            remove(path, "evidence")
        self._changed(self.folder)

    def newest(self, image_id: str) -> Evidence | None:
        """Return the newest evidence for an image, from any pipeline."""
        found = [read(path) for path in self.folder.glob(f"{_hex(image_id)}*.json")]
        return max(found, key=lambda evidence: evidence.ended, default=None)


def read(path: Path) -> Evidence:
    """Read an evidence file; raises UsageError if it is not one."""
    return _parsed(path, _content(path))


def _content(path: Path) -> bytes:
    try:
        return read_own(path)
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error


def _parsed(path: Path, content: bytes) -> Evidence:
    try:
        return Evidence.model_validate_json(content)
    except ValidationError as error:
        raise _unreadable(path, error.errors()[0]["msg"]) from error


def _unreadable(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path}: not evidence that this relctl can read: {why}", "relctl verify the release again"
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hex(checksum: str) -> str:
    return checksum.removeprefix("sha256:")
