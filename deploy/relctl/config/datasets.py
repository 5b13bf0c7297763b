"""Data sets: tab-separated tables of Chinese sources and English references, from a commit."""

import codecs
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from relctl.config.document import contents, decoded
from relctl.errors import ConfigError

COLUMNS = ("source", "reference")


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


def load(path: Path) -> DataSet:
    """Read a table; raises ConfigError with file and line if it is not a data set."""
    return parse(path, contents(path))


def parse(path: Path, content: bytes) -> DataSet:
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
