"""The settings of every gate: what pipelines/verify.yaml may say about it."""

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from relctl.config.document import KeyPath
from relctl.config.units import Bytes, SomeSeconds
from relctl.config.validate import Section
from relctl.config.versions import ProjectPath
from relctl.statistics.least import LEAST_CLUSTERS, LEAST_SENTENCES, LEAST_SOAK, least_requests

Score = Literal["bleu", "chrf"]
Percentile = Literal["p50", "p95", "p99"]
Fault = Literal["empty", "special", "loop", "length", "numbers"]
# Strict, so that `yes` is no number.
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
PositiveInt = Annotated[int, Field(gt=0, strict=True)]
NonNegativeInt = Annotated[int, Field(ge=0, strict=True)]


class GateSection(Section):
    """What all gates have: `off` says why one is not run, and is shown wherever its verdict would be."""

    gate: str
    off: str = ""

    @field_validator("off")
    @classmethod
    def _a_reason(cls, value: str) -> str:
        if value and not value.strip():
            raise ValueError('say why, like off: "no data set yet"; without the key the gate is run')
        return value.strip()

    @property
    def compares(self) -> bool:
        """Whether the gate holds the candidate against the live release."""
        return False

    @property
    def title(self) -> str:
        """What the gate is called in evidence; a pipeline has each title once."""
        return self.gate

    def data_files(self) -> dict[KeyPath, ProjectPath]:
        """The data sets that the gate reads, by the keys that name them."""
        return {}

    def case_file(self) -> ProjectPath | None:
        """The file of requests and expectations that the gate reads, at the key `cases`."""
        return None

    def programs(self) -> list[str]:
        """What the gate runs: words that may be files of the project."""
        return []


class StartupSettings(GateSection):
    """Ready within a limit after the container was started; then `text` is translated at once."""

    gate: Literal["startup"]
    ready_within: SomeSeconds
    text: str = ""


class IdentitySettings(GateSection):
    """Labels, commit, user and `/version` agree with the tag."""

    gate: Literal["identity"]


class SizeSettings(GateSection):
    """The image, what it grew by, and what of it lies in layers that the live image does not have."""

    gate: Literal["size"]
    max_image: Annotated[Bytes, Field(gt=0)]
    max_growth: Bytes | None = None
    max_new: Bytes | None = None

    @property
    def compares(self) -> bool:
        return self.max_growth is not None or self.max_new is not None


class DependenciesSettings(GateSection):
    """What is installed in the running container is what the lock of its commit names."""

    gate: Literal["dependencies"]


class SmokeSettings(GateSection):
    """Requests and what must come back; `attempts` are for requests that nobody answered."""

    gate: Literal["smoke"]
    cases: ProjectPath
    attempts: PositiveInt = 3
    timeout: SomeSeconds = 10.0

    def case_file(self) -> ProjectPath | None:
        return self.cases


class DataSetSettings(Section):
    """A table of sources and references, how much of it is asked, and the least that each score must be.

    `allowed`: translations that may have a fault; none, unless it says so.
    """

    file: ProjectPath
    sample: Annotated[PositiveInt, Field(ge=LEAST_SENTENCES)] | None = None
    floors: dict[Score, Annotated[float, Field(ge=0, le=100, strict=True)]] = Field(default={})
    allowed: dict[Fault, NonNegativeInt] = Field(default={})


class ContractSettings(GateSection):
    """Shapes of answers, and the same ones alone, in company and in a batch (at the path `batch`, if any).

    `error_type`: the content type of an answer that refuses a text.
    """

    gate: Literal["contract"]
    cases: ProjectPath | None = None
    data_set: ProjectPath
    texts: int = Field(default=40, ge=2)
    rounds: PositiveInt = 5
    clients: int = Field(default=16, ge=2)
    batch: str = ""
    error_type: str = Field(default="application/problem+json", pattern=r"^[a-z]+/[a-z0-9.+-]+$")
    timeout: SomeSeconds = 30.0

    @field_validator("batch")
    @classmethod
    def _a_path(cls, value: str) -> str:
        if value and not value.startswith("/"):
            raise ValueError("a path begins with /, like /batch")
        return value

    def case_file(self) -> ProjectPath | None:
        return self.cases

    def data_files(self) -> dict[KeyPath, ProjectPath]:
        return {("data_set",): self.data_set}


class QualitySettings(GateSection):
    """Translations of the data sets, beside those of the live release; `margins` are points of a score."""

    gate: Literal["quality"]
    data_sets: list[DataSetSettings] = Field(min_length=1)
    margins: dict[Score, Positive] = Field(min_length=1)
    clients: PositiveInt = 8
    timeout: SomeSeconds = 30.0
    seed: NonNegativeInt = 1

    @field_validator("data_sets")
    @classmethod
    def _names_once(cls, value: list[DataSetSettings]) -> list[DataSetSettings]:
        names = [each.file.stem for each in value]
        if len(names) != len(set(names)):
            raise ValueError(f"a data set is called by its file's name; found {', '.join(names)}")
        return value

    @property
    def compares(self) -> bool:
        return True

    def data_files(self) -> dict[KeyPath, ProjectPath]:
        return {("data_sets", number, "file"): each.file for number, each in enumerate(self.data_sets)}


class LatencySettings(GateSection):
    """Requests at a fixed rate, in turns with the live release; `margins` are parts of its latency.

    `burst`: how many are due at the same time, for what is slow only in company.
    """

    gate: Literal["latency"]
    data_set: ProjectPath
    rate: Annotated[Positive, Field(le=10_000)]
    burst: Annotated[PositiveInt, Field(le=1_000)] = 1
    rounds: Annotated[PositiveInt, Field(ge=LEAST_CLUSTERS, le=10_000)] = 20
    round: Annotated[SomeSeconds, Field(le=60)] = 2.0
    margins: dict[Percentile, Positive] = Field(min_length=1)
    max_p95: SomeSeconds
    timeout: SomeSeconds = 30.0
    seed: NonNegativeInt = 1

    @field_validator("margins")
    @classmethod
    def _enough_requests(
        cls, value: dict[Percentile, float], known: ValidationInfo
    ) -> dict[Percentile, float]:
        if {"rate", "rounds", "round"} <= known.data.keys():  # else one of them is wrong, and is told
            rate, rounds, seconds = (known.data[key] for key in ("rate", "rounds", "round"))
            found, highest = rounds * _requests(rate, seconds), max(value)
            if found < (needed := least_requests(float(highest[1:]))):
                raise ValueError(
                    f"{highest} needs {needed} requests; rate, rounds and round give {found}: "
                    f"more rounds, or no {highest}"
                )
        return value

    @property
    def compares(self) -> bool:
        return True

    @property
    def requests_of_a_round(self) -> int:
        """To one side."""
        return _requests(self.rate, self.round)

    def data_files(self) -> dict[KeyPath, ProjectPath]:
        return {("data_set",): self.data_set}


def _requests(rate: float, seconds: float) -> int:
    return max(round(rate * seconds), 1)


class SoakSettings(GateSection):
    """Many requests: nothing fails, nothing restarts, and memory does not grow.

    `max_ended`: processes that may end meanwhile, for servers that replace their workers by design.
    """

    gate: Literal["soak"]
    data_set: ProjectPath
    requests: Annotated[PositiveInt, Field(ge=LEAST_SOAK, le=1_000_000)] = 2_000
    clients: Annotated[PositiveInt, Field(le=1_000)] = 10
    max_growth: Bytes
    max_ended: NonNegativeInt = 0
    timeout: SomeSeconds = 30.0

    def data_files(self) -> dict[KeyPath, ProjectPath]:
        return {("data_set",): self.data_set}


class CommandSettings(GateSection):
    """Someone's own program, which finds the candidate's address in its environment."""

    gate: Literal["command"]
    name: str
    run: list[str] = Field(min_length=1)
    timeout: SomeSeconds = 60.0

    @field_validator("name")
    @classmethod
    def _a_word(cls, value: str) -> str:
        if re.fullmatch(r"[a-z][a-z0-9-]*", value) is None:
            raise ValueError("a name is of small letters, digits and -, like load-test")
        return value

    @property
    def title(self) -> str:
        return f"command {self.name}"

    def programs(self) -> list[str]:
        return self.run


class Ask(Section):
    """How a text is sent, and where its translation stands: JSON members of a POST and of its answer.

    `fresh`: what makes a text one that no cache knows, for the gates that measure.
    """

    path: str = Field(default="/translate", pattern="^/")
    text: str = "text"
    translation: str = "translation"
    fresh: str = "{number} {text}"

    @field_validator("fresh")
    @classmethod
    def _new_each_time(cls, value: str) -> str:
        if "{text}" not in value or "{number}" not in value:
            raise ValueError('must hold {text} and {number}, like "{number} {text}"')
        return value

    def unheard(self, text: str, number: int) -> str:
        """The text as one that nobody has sent before; `number` is another one each time."""
        return self.fresh.replace("{number}", str(number)).replace("{text}", text)


GateSettings = Annotated[
    StartupSettings
    | IdentitySettings
    | SizeSettings
    | DependenciesSettings
    | SmokeSettings
    | ContractSettings
    | QualitySettings
    | LatencySettings
    | SoakSettings
    | CommandSettings,
    Field(discriminator="gate"),
]
