"""The model of pipelines/: the gates that a candidate must pass, request/expectation cases, and data sets."""

import codecs
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from relctl.config.document import Document, KeyPath, contents, decoded, parse
from relctl.config.gates import Ask, GateSection, GateSettings
from relctl.config.units import Headers
from relctl.config.validate import Section, validate
from relctl.errors import ConfigError

COLUMNS = ("source", "reference")


class Repeat(Section):
    """Lengthen one string of a JSON body: repeat the value of `key` `times` times."""

    key: str
    times: int = Field(ge=2)


class Request(Section):
    """One request: `json` is encoded, `body` is sent as is; `headers` override the contract's."""

    method: Literal["GET", "POST"] = "POST"
    path: str = Field(pattern="^/")
    json_: Any = Field(default=None, alias="json")
    body: str | None = None
    content_type: str = "application/json"
    headers: Headers = Field(default={})
    repeat: Repeat | None = None

    @model_validator(mode="after")
    def _one_body(self) -> "Request":
        if self.json_ is not None and self.body is not None:
            raise ValueError("give json or body, not both")
        if self.repeat and not (isinstance(self.json_, dict) and self.repeat.key in self.json_):
            raise ValueError("repeat.key must name a member of json")
        return self


class Expectation(Section):
    """The expected answer; `json` maps members to regular expressions for their text.

    `schema` is a JSON Schema (draft 2020-12) for the whole body.
    """

    status: int = Field(ge=100, le=599)
    content_type: str = ""
    json_: dict[str, str] = Field(default={}, alias="json")
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")

    @field_validator("schema_")
    @classmethod
    def _json_schema(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        from jsonschema import Draft202012Validator, SchemaError  # not needed by a promote

        try:
            Draft202012Validator.check_schema(value or {})
        except SchemaError as error:
            raise ValueError(f"not a JSON Schema: {error.message}") from None
        return value

    @field_validator("json_")
    @classmethod
    def _regular_expressions(cls, value: dict[str, str]) -> dict[str, str]:
        for key, pattern in value.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{key}: {pattern!r} is not a regular expression: {error}") from None
        return value


class Case(Section):
    """One request and its expectation; `after_switch` sends it again after traffic has moved.

    It then meets users' data, so mark only requests that change nothing.
    """

    name: str
    request: Request
    expect: Expectation
    after_switch: bool = False


class CaseFile(Section):
    """Requests and expectations: pipelines/smoke.yaml, pipelines/contract.yaml."""

    cases: list[Case] = Field(min_length=1)


class PipelineFile(Section):
    """pipelines/verify.yaml, or the pipeline that an environment names."""

    ask: Ask = Ask()
    gates: list[GateSettings] = Field(min_length=1)


@dataclass(frozen=True)
class DataSet:
    """Sentences and their references in file order; `sha256` is the checksum of the file."""

    name: str
    sources: tuple[str, ...]
    references: tuple[str, ...]
    sha256: str

    def sample(self, size: int | None) -> "DataSet":
        """Return `size` evenly spaced rows, the same ones each time."""
        rows = len(self.sources)
        if size is None or size >= rows:
            return self
        chosen = [number * rows // size for number in range(size)]
        sources = tuple(self.sources[number] for number in chosen)
        return DataSet(self.name, sources, tuple(self.references[number] for number in chosen), self.sha256)


@dataclass(frozen=True)
class Pipeline:
    """The definition of "verified": the gates in order, their files, and the checksum of all of it.

    `cases` maps gate titles to cases.
    """

    gates: tuple[GateSettings, ...]
    ask: Ask
    cases: Mapping[str, tuple[Case, ...]]
    data_sets: Mapping[PurePosixPath, DataSet]
    checksum: str

    @property
    def after_switch(self) -> tuple[Case, ...]:
        """Return the cases that a promote sends after the switch, of the gates that are on."""
        titles = [gate.title for gate in self.gates if not gate.off]
        return tuple(case for title in titles for case in self.cases.get(title, ()) if case.after_switch)


def load_pipeline(root: Path, named: PurePosixPath) -> Pipeline:
    """Load a pipeline of the project at `root`; raises ConfigError with file, line and key."""
    files = Files(root)
    document = parse(root / named, files.read(named))
    file = validate(document, PipelineFile)
    if wrong := wrong_order(file.gates):
        raise ConfigError(f"{document.place(wrong[0])}: {wrong[1]}")
    cases: dict[str, tuple[Case, ...]] = {}
    data_sets: dict[PurePosixPath, DataSet] = {}
    for number, settings in enumerate(file.gates):
        if case_file := settings.case_file():
            path = _existing(root, document, ("gates", number, "cases"), case_file)
            cases[settings.title] = tuple(validate(parse(path, files.read(case_file)), CaseFile).cases)
        for key, table in settings.data_files().items():
            path = _existing(root, document, ("gates", number, *key), table)
            data_sets[table] = data_sets.get(table) or parse_data_set(path, files.read(table))
        for word in settings.programs():
            if _is_ours(root, word):
                files.read(PurePosixPath(word))
    return Pipeline(tuple(file.gates), file.ask, cases, data_sets, files.checksum())


def wrong_order(gates: Sequence[GateSection]) -> tuple[KeyPath, str] | None:
    """Return key and error if gates are repeated, do not begin with startup, or consist of it alone."""
    titles = [settings.title for settings in gates]
    for number, title in enumerate(titles):
        if title in titles[:number]:
            return ("gates", number), f"{title} is gates[{titles.index(title)}] already; each gate once"
    if gates[0].gate != "startup":
        return ("gates", 0), "the first gate must be startup: it waits until the candidate is ready"
    if gates[0].off:
        return ("gates", 0, "off"), "startup must be on: it waits until the candidate is ready"
    if all(settings.off for settings in gates[1:]):
        return ("gates",), "no gate but startup is on, so nothing but a start would be proved; add one"
    return None


def _is_ours(root: Path, word: str) -> bool:
    """Return whether a word of a command is a project file."""
    named = PurePosixPath(word)
    try:
        return not named.is_absolute() and ".." not in named.parts and (root / named).is_file()
    except (OSError, ValueError):  # too long for a name, or with a zero byte
        return False


def _existing(root: Path, document: Document, key: KeyPath, named: PurePosixPath) -> Path:
    path = root / named
    if not path.is_file():
        raise ConfigError(f"{document.place(key)}: there is no file {path}")
    return path


class Files:
    """Files of the project at `root`, in the order of their first use."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._contents: dict[PurePosixPath, bytes] = {}

    def read(self, named: PurePosixPath) -> bytes:
        """Return the content of a file at its first use; raises ConfigError."""
        if named not in self._contents:
            self._contents[named] = contents(self.root / named)
        return self._contents[named]

    def checksum(self) -> str:
        """Return a checksum over all paths and contents; lengths separate the parts."""
        digest = hashlib.sha256()
        for named, content in self._contents.items():
            for part in (str(named).encode(), content):
                digest.update(len(part).to_bytes(8, "big") + part)
        return f"sha256:{digest.hexdigest()}"


def parse_data_set(path: Path, content: bytes) -> DataSet:
    """Parse the content of a table; raises ConfigError with file and line if it is not a data set."""
    heading, *lines = (line.split("\t") for line in _lines(path, content))
    places = _places(path, heading)
    rows = [_row(path, number, cells, heading, places) for number, cells in enumerate(lines, start=2)]
    if not rows:
        raise ConfigError(f"{path}:1: has no rows below its heading")
    sources, references = zip(*rows, strict=True)
    return DataSet(path.stem, sources, references, hashlib.sha256(content).hexdigest())


def _lines(path: Path, content: bytes) -> list[str]:
    """Split at line feeds only: a sentence may contain other Unicode line separators."""
    text = decoded(path, content.removeprefix(codecs.BOM_UTF8))  # written by spreadsheets
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def _places(path: Path, heading: Sequence[str]) -> list[int]:
    """Return the positions of the columns."""
    missing = [column for column in COLUMNS if column not in heading]
    if missing:
        found = ", ".join(heading) or "nothing"
        raise ConfigError(f"{path}:1: has no column {' and no column '.join(missing)}; found {found}")
    for column in COLUMNS:
        if heading.count(column) > 1:
            raise ConfigError(f"{path}:1: has {heading.count(column)} columns {column}; name each once")
    return [heading.index(column) for column in COLUMNS]


def _row(
    path: Path, number: int, cells: Sequence[str], heading: Sequence[str], places: Sequence[int]
) -> tuple[str, ...]:
    if len(cells) != len(heading):
        raise ConfigError(
            f"{path}:{number}: has {len(cells)} cells instead of {len(heading)}; separate cells by one tab"
        )
    for column, place in zip(COLUMNS, places, strict=True):
        if not cells[place].strip():
            raise ConfigError(f"{path}:{number}: its {column} is empty; fill it in, or remove the line")
    return tuple(cells[place].strip() for place in places)
