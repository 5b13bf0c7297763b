"""The model of pipelines/: which gates a candidate passes, and the request/expectation cases."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from relctl.config.document import read
from relctl.config.units import Seconds
from relctl.config.validate import Section, validate
from relctl.config.versions import ProjectPath
from relctl.errors import ConfigError

PIPELINE = "pipelines/verify.yaml"


class StartupSettings(Section):
    """Ready within a limit after the container was started."""

    gate: Literal["startup"]
    ready_within: Seconds


class IdentitySettings(Section):
    """Labels, commit, user and `/version` agree with the tag."""

    gate: Literal["identity"]


class SmokeSettings(Section):
    """Requests and what must come back; `attempts` are for requests that nobody answered."""

    gate: Literal["smoke"]
    cases: ProjectPath
    attempts: int = Field(default=3, ge=1)
    timeout: Seconds = 10.0


GateSettings = Annotated[StartupSettings | IdentitySettings | SmokeSettings, Field(discriminator="gate")]


class Repeat(Section):
    """Makes one string of a JSON body long: the value of `key` is written `times` times."""

    key: str
    times: int = Field(ge=2)


class Request(Section):
    """One request: `json` is encoded, `body` is sent as it stands."""

    method: Literal["GET", "POST"] = "POST"
    path: str = Field(pattern="^/")
    json_: Any = Field(default=None, alias="json")
    body: str | None = None
    content_type: str = "application/json"
    repeat: Repeat | None = None

    @model_validator(mode="after")
    def _one_body(self) -> "Request":
        if self.json_ is not None and self.body is not None:
            raise ValueError("give json or body, not both")
        if self.repeat and not (isinstance(self.json_, dict) and self.repeat.key in self.json_):
            raise ValueError("repeat.key must name a member of json")
        return self


class Expectation(Section):
    """What must come back; `json` gives a regular expression for the text of each member named."""

    status: int = Field(ge=100, le=599)
    content_type: str = ""
    json_: dict[str, str] = Field(default={}, alias="json")

    @field_validator("json_")
    @classmethod
    def _regular_expressions(cls, value: dict[str, str]) -> dict[str, str]:
        for key, pattern in value.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{key}: {pattern!r} is no regular expression: {error}") from None
        return value


class Case(Section):
    """One request and its expectation."""

    name: str
    request: Request
    expect: Expectation


class SmokeFile(Section):
    """pipelines/smoke.yaml."""

    cases: list[Case] = Field(min_length=1)


class PipelineFile(Section):
    """pipelines/verify.yaml."""

    gates: list[GateSettings] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> "PipelineFile":
        names = [settings.gate for settings in self.gates]
        if len(names) != len(set(names)):
            raise ValueError(f"each gate once; found {', '.join(names)}")
        return self


@dataclass(frozen=True)
class Pipeline:
    """What "verified" means: the gates in order, and the checksum of every file that says so."""

    gates: tuple[StartupSettings | IdentitySettings | SmokeSettings, ...]
    cases: tuple[Case, ...]
    checksum: str


def load_pipeline(root: Path) -> Pipeline:
    """Load the pipeline of the project at `root`; raises ConfigError with file, line and key."""
    document = read(root / PIPELINE)
    file = validate(document, PipelineFile)
    paths = [root / PIPELINE]
    cases: list[Case] = []
    for number, settings in enumerate(file.gates):
        if isinstance(settings, SmokeSettings):
            if not (root / settings.cases).is_file():
                line = document.line(("gates", number, "cases"))
                place = f"{document.path}:{line}: gates[{number}].cases"
                raise ConfigError(f"{place}: there is no file {root / settings.cases}")
            paths.append(root / settings.cases)
            cases += validate(read(root / settings.cases), SmokeFile).cases
    checksum = hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()
    return Pipeline(tuple(file.gates), tuple(cases), f"sha256:{checksum}")
