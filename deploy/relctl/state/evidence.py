"""Evidence: the verdicts of one pipeline over one image id, kept as one JSON file each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from relctl.errors import UsageError
from relctl.state.files import remove, replace_text

Outcome = Literal["pass", "fail"]
GateVerdict = Literal["pass", "fail", "not run", "off"]

_DIGITS = 12  # of the pipeline's checksum in a file's name; the whole of it is in the file


class GateResult(BaseModel):
    """What one gate said: its verdict, the figures it rests on, and the reasons in words, also as one."""

    model_config = ConfigDict(frozen=True)

    name: str
    verdict: GateVerdict
    figures: dict[str, Any]
    reason: str
    reasons: list[str] = Field(default=[])
    seconds: float


def overall(gates: Sequence[GateResult]) -> Outcome:
    """What all gates say together: pass when at least one passed, and all others too or are switched off."""
    verdicts = {gate.verdict for gate in gates}
    return "pass" if "pass" in verdicts and verdicts <= {"pass", "off"} else "fail"


class Evidence(BaseModel):
    """All verdicts of one pipeline run over one image; bound to the image id, never to a tag.

    `reference` is the image that was live and compared with, and `reference_tag` its tag, "" for a first
    release; `environment` and `resources` say where, and under which limits of a container; `data_sets` holds
    the SHA-256 of each by its path, `tools` the version of what measured.
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
    environment: str = ""
    resources: dict[str, float] = Field(default={})
    pipeline_file: str = ""
    data_sets: dict[str, str] = Field(default={})
    tools: dict[str, str] = Field(default={})

    @model_validator(mode="after")
    def _verdict_of_gates(self) -> "Evidence":
        """The gates decide: no gates prove nothing."""
        if self.verdict != overall(self.gates):
            raise ValueError(f"its verdict {self.verdict!r} contradicts its gates")
        return self

    @property
    def failed(self) -> list[str]:
        """The names of the gates that failed; those that could not run are not among them."""
        return [gate.name for gate in self.gates if gate.verdict == "fail"]

    @property
    def off(self) -> dict[str, str]:
        """The gates that were switched off, and why."""
        return {gate.name: gate.reason for gate in self.gates if gate.verdict == "off"}

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        if self.verdict == "pass":
            return "passed"
        return f"failed: {', '.join(self.failed)}" if self.failed else "the candidate ended before its gates"


class EvidenceStore:
    """The evidence that a host has; one file an image id and pipeline, the newest run wins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, image_id: str, pipeline: str) -> Path:
        """Where the evidence of an image is, or would be, by the checksum of the pipeline."""
        return self.folder / f"{_hex(image_id)}-{_hex(pipeline)[:_DIGITS]}.json"

    def forget(self, image_id: str, pipeline: str) -> Path:
        """Remove what an earlier run found, before anything else is written; returns the file's path."""
        path = self.path(image_id, pipeline)
        remove(path, "evidence")
        return path

    def save(self, evidence: Evidence) -> Path:
        """Write atomically; returns the file."""
        path = self.path(evidence.image_id, evidence.pipeline)
        replace_text(path, evidence.model_dump_json(indent=2) + "\n")
        return path

    def find(self, image_id: str, pipeline: str) -> Evidence | None:
        """Return the evidence for exactly this image id and pipeline, None when there is none.

        Raises UsageError for a file that cannot be read, or speaks of something else.
        """
        path = self.path(image_id, pipeline)
        found = read(path) if path.exists() else None
        if found and (found.image_id, found.pipeline) != (image_id, pipeline):
            raise UsageError(
                f"{path}: speaks of another image or pipeline, {found.image_id}",
                "relctl verify the release again",
            )
        return found

    def knows(self, image_id: str) -> bool:
        """Tell whether there is any evidence for an image, of whatever pipeline, readable or not."""
        return any(self.folder.glob(f"{_hex(image_id)}*.json"))

    def remove(self, image_id: str) -> None:
        """Remove what was found about an image, of every pipeline, and the reports of it."""
        for path in self.folder.glob(f"{_hex(image_id)}-*"):
            remove(path, "evidence")

    def newest(self, image_id: str) -> Evidence | None:
        """Return the newest evidence for an image, whatever pipeline it is of."""
        found = [read(path) for path in self.folder.glob(f"{_hex(image_id)}*.json")]
        return max(found, key=lambda evidence: evidence.ended, default=None)


def read(path: Path) -> Evidence:
    """Read a file of evidence; raises UsageError for one that is none."""
    try:
        return Evidence.model_validate_json(path.read_bytes())
    except ValidationError as error:
        words = error.errors()[0]["msg"]
    except OSError as error:
        words = str(error.strerror)
    raise UsageError(
        f"{path}: not evidence that this relctl can read: {words}", "relctl verify the release again"
    )


def _hex(checksum: str) -> str:
    return checksum.removeprefix("sha256:")
