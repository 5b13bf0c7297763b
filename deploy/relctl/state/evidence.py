"""Evidence: the verdicts of one pipeline over one image id, kept as one JSON file each."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from relctl.errors import UsageError
from relctl.state.files import replace_text

Outcome = Literal["pass", "fail"]


class GateResult(BaseModel):
    """What one gate said: its verdict, the figures it rests on, and the reason in words."""

    model_config = ConfigDict(frozen=True)

    name: str
    verdict: Literal["pass", "fail", "not run"]
    figures: dict[str, Any]
    reason: str
    seconds: float


class Evidence(BaseModel):
    """All verdicts of one pipeline run over one image; bound to the image id, never to a tag."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    image_id: str
    tag: str
    pipeline: str
    verdict: Outcome
    gates: list[GateResult]
    started: datetime
    ended: datetime
    relctl: str

    @model_validator(mode="after")
    def _verdict_of_gates(self) -> "Evidence":
        """The gates decide: no gates prove nothing."""
        passed = bool(self.gates) and all(gate.verdict == "pass" for gate in self.gates)
        if passed != (self.verdict == "pass"):
            raise ValueError(f"its verdict {self.verdict!r} contradicts its gates")
        return self

    @property
    def failed(self) -> list[str]:
        """The names of the gates that failed; those that could not run are not among them."""
        return [gate.name for gate in self.gates if gate.verdict == "fail"]

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        return f"failed: {', '.join(self.failed)}" if self.verdict == "fail" else "passed"


class EvidenceStore:
    """The evidence that a host has; one file an image id, the newest run wins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, image_id: str) -> Path:
        """Where the evidence of an image is, or would be."""
        return self.folder / f"{image_id.removeprefix('sha256:')}.json"

    def save(self, evidence: Evidence) -> Path:
        """Write atomically; returns the file."""
        path = self.path(evidence.image_id)
        replace_text(path, evidence.model_dump_json(indent=2) + "\n")
        return path

    def find(self, image_id: str) -> Evidence | None:
        """Return the evidence for exactly this image id, None when there is none."""
        path = self.path(image_id)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            evidence = Evidence.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]["msg"]
            raise UsageError(
                f"{path}: not evidence that this relctl can read: {first}",
                "relctl verify the release again",
            ) from None
        if evidence.image_id != image_id:
            raise UsageError(
                f"{path}: speaks of another image, {evidence.image_id}", "relctl verify the release again"
            )
        return evidence
