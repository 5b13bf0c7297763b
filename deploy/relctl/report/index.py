"""Writes the index: a page that links to every report in a folder of evidence."""

import functools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from relctl.errors import UsageError, words_of
from relctl.report.page import fill, report_of
from relctl.state.evidence import Evidence, read
from relctl.state.files import replace_text


@dataclass(frozen=True)
class File:
    """One state of a file of evidence."""

    path: Path
    inode: int
    modified_ns: int


@dataclass(frozen=True)
class Entry:
    """A row of the index: `evidence` is None if its file cannot be read, `report` "" if there is none."""

    file: str
    report: str
    evidence: Evidence | None


def index_of(folder: Path) -> Path:
    """Return the path of the index of a folder."""
    return folder / "index.html"


def refresh(folder: Path, say: Callable[[str], None]) -> None:
    """Rewrite the index after a change; report a failure, but go on: nothing depends on the index."""
    try:
        _write(folder)
    except OSError as error:
        words = words_of(error)
        say(f"the index of reports is out of date: {words}; the next relctl verify rewrites it")


def _write(folder: Path) -> None:
    """Write until the folder is unchanged: a verification and a prune may run concurrently."""
    seen = None
    while seen != (now := _files(folder)):
        seen = now
        replace_text(index_of(folder), render(now))


def render(files: Iterable[File]) -> str:
    """Return the index as HTML, newest evidence first, unreadable files last."""
    found = sorted((_entry(file) for file in files), key=_newest, reverse=True)
    services = sorted({each.evidence.service for each in found if each.evidence} - {""})
    return fill("index.html.j2", entries=found, services=services)


def _files(folder: Path) -> set[File]:
    found = set()
    for path in folder.glob("*.json"):
        try:
            facts = path.lstat()
        except FileNotFoundError:  # pruned concurrently
            continue
        found.add(File(path, facts.st_ino, facts.st_mtime_ns))
    return found


def _entry(file: File) -> Entry:
    report = report_of(file.path)
    return Entry(file.path.name, report.name if os.path.lexists(report) else "", _evidence(file))


@functools.cache
def _evidence(file: File) -> Evidence | None:
    """Read evidence, without its figures, once: to prune many releases rewrites the index for each."""
    try:
        found = read(file.path)
    except UsageError:
        return None
    return found.model_copy(
        update={"gates": [each.model_copy(update={"figures": {}}) for each in found.gates]}
    )


def _newest(entry: Entry) -> tuple[float, str]:
    return (entry.evidence.ended.timestamp() if entry.evidence else 0.0, entry.file)
