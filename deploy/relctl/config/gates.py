"""The settings of every gate in pipelines/verify.yaml."""

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from relctl.config.document import KeyPath
from relctl.config.units import Bytes, SomeSeconds
from relctl.config.validate import Section
from relctl.config.versions import ProjectPath
from relctl.statistics.proportion import LEAST_CLUSTERS, LEAST_SENTENCES, LEAST_SOAK, least_requests

Score = Literal["bleu", "chrf"]
Percentile = Literal["p50", "p95", "p99"]
Fault = Literal["empty", "special", "loop", "length", "numbers"]
# Strict, so that `yes` is not a number.
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
PositiveInt = Annotated[int, Field(gt=0, strict=True)]
NonNegativeInt = Annotated[int, Field(ge=0, strict=True)]


class GateSection(Section):
    """Settings of all gates: `off` is the reason why one is switched off, shown in place of its verdict."""

    gate: str
    off: str = ""

    @field_validator("off")
    @classmethod
    def _a_reason(cls, value: str) -> str:
        if value and not value.strip():
            raise ValueError('give a reason, like off: "no data set yet"; without this key the gate runs')
        return value.strip()

    @property
    def compares(self) -> bool:
        """Return whether the gate compares the candidate with the live release."""
        return False

    @property
    def title(self) -> str:
        """Return the gate's name in evidence; unique within a pipeline."""
        return self.gate

    def data_files(self) -> dict[KeyPath, ProjectPath]:
        """Return the data sets of the gate, by the keys that name them."""
        return {}

    def case_file(self) -> ProjectPath | None:
        """Return the file of requests and expectations at the key `cases`, if any."""
        return None

    def programs(self) -> list[str]:
        """Return the words of the gate's command, which may be project files."""
        return []


class StartupSettings(GateSection):
    """Ready within a limit after the container start; then `text` is translated at once."""

    gate: Literal["startup"]
    ready_within: SomeSeconds
    text: str = ""


class IdentitySettings(GateSection):
    """Labels, commit, user and `/version` match the tag."""

    gate: Literal["identity"]


class SizeSettings(GateSection):
    """The image size, its growth, and the size of its layers that the live image does not have."""

    gate: Literal["size"]
    max_image: Annotated[Bytes, Field(gt=0)]
    max_growth: Bytes | None = None
    max_new: Bytes | None = None

    @property
    def compares(self) -> bool:
        return self.max_growth is not None or self.max_new is not None


class DependenciesSettings(GateSection):
    """The packages installed in the running container match the lock of its commit."""

    gate: Literal["dependencies"]


class KeepAliveSettings(GateSection):
    """Idle connections stay open for `contract.keep_alive`; checked while the other gates run.

    `at_most` limits the check, if the contract promises more than Nginx ever uses.
    """

    gate: Literal["keep-alive"]
    at_most: SomeSeconds = 10.0


class SmokeSettings(GateSection):
    """Requests and expected answers; `attempts` applies to unanswered requests."""

    gate: Literal["smoke"]
    cases: ProjectPath
    attempts: PositiveInt = 3
    timeout: SomeSeconds = 10.0

    def case_file(self) -> ProjectPath | None:
        return self.cases


class DataSetSettings(Section):
    """A table of sources and references, the sample size, and the minimum of each score.

    `allowed`: how many translations may have a fault, 0 by default.
    """

    file: ProjectPath
    sample: Annotated[PositiveInt, Field(ge=LEAST_SENTENCES)] | None = None
    floors: dict[Score, Annotated[float, Field(ge=0, le=100, strict=True)]] = Field(default={})
    allowed: dict[Fault, NonNegativeInt] = Field(default={})


class ContractSettings(GateSection):
    """Shapes of answers; the same answers one by one, concurrently and in a batch (at the path `batch`).

    `error_type`: the content type of the answer to an invalid text.
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
    """Translations of the data sets, compared with the live release; `margins` are score points."""

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
    """Requests at a fixed rate, alternating with the live release; `margins` are fractions of its latency.

    `burst`: how many requests are sent at once, to find what is slow only under concurrency.
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
        if {"rate", "rounds", "round"} <= known.data.keys():  # otherwise one of them is invalid and reported
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
        """Return the number of requests per round to one side."""
        return _requests(self.rate, self.round)

    def data_files(self) -> dict[KeyPath, ProjectPath]:
        return {("data_set",): self.data_set}


def _requests(rate: float, seconds: float) -> int:
    return max(round(rate * seconds), 1)


class SoakSettings(GateSection):
    """Many requests: no failure, no restart, and no memory growth.

    `max_ended`: how many processes may end, for servers that replace their workers by design.
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
    """A user's program, which gets the candidate's address in its environment."""

    gate: Literal["command"]
    name: str
    run: list[str] = Field(min_length=1)
    timeout: SomeSeconds = 60.0

    @field_validator("name")
    @classmethod
    def _a_word(cls, value: str) -> str:
        if re.fullmatch(r"[a-z][a-z0-9-]*", value) is None:
            raise ValueError("a name has lower-case letters, digits and -, like load-test")
        return value

    @property
    def title(self) -> str:
        return f"command {self.name}"

    def programs(self) -> list[str]:
        return self.run


class Ask(Section):
    """How to send a text and find its translation: JSON members of a POST and of its answer.

    `fresh`: a template that makes a text unknown to any cache, for the gates that measure.
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
        """Return the text in a form never sent before; `number` must differ each time."""
        return self.fresh.replace("{number}", str(number)).replace("{text}", text)


GateSettings = Annotated[
    StartupSettings
    | IdentitySettings
    | SizeSettings
    | DependenciesSettings
    | KeepAliveSettings
    | SmokeSettings
    | ContractSettings
    | QualitySettings
    | LatencySettings
    | SoakSettings
    | CommandSettings,
    Field(discriminator="gate"),
]
