"""Write the report of one verification as HTML, and the index of all reports in a folder."""

import functools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relctl.errors import UsageError, words_of
from relctl.escape import escaped
from relctl.state.evidence import Evidence, GateResult, read
from relctl.state.files import replace_text

if TYPE_CHECKING:
    from jinja2 import Environment

    from relctl.report.charts import Chart

_WORDS = {"pass": "passed", "fail": "failed"}  # others are as they are: off, not run
# A log may have colours for a terminal.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def report_of(evidence: Path) -> Path:
    """Return where the report of a file of evidence is."""
    return evidence.with_suffix(".html")


def write(evidence: Evidence, path: Path) -> None:
    """Replace the file at `path` with the report."""
    replace_text(path, render(evidence))


def render(evidence: Evidence) -> str:
    """Return the report as HTML."""
    gates = {gate.name: gate for gate in evidence.gates}
    return fill(
        "report.html.j2", evidence=evidence, gates=gates, tally=_tally(evidence), charts=_charts(gates)
    )


def _tally(evidence: Evidence) -> str:
    """Count the verdicts, in words."""
    counted = Counter(_WORDS.get(gate.verdict, gate.verdict) for gate in evidence.gates)
    said = ", ".join(f"{number} {words}" for words, number in counted.most_common())
    return f"{len(evidence.gates)} gates: {said}"


def _charts(gates: dict[str, GateResult]) -> dict[str, "Chart"]:
    """Draw the charts that there are figures for; a gate that could not run has none."""
    from relctl.report import charts  # matplotlib takes a second to import

    found = {}
    latency, quality, soak = (_figures(gates, name) for name in ("latency", "quality", "soak"))
    if "candidate_ms" in latency:
        found["latency"] = charts.latencies(latency)
    if any("against_live" in each for each in quality.get("data_sets", [])):
        found["quality"] = charts.differences(quality["data_sets"], quality["margins"])
    if soak.get("memory"):
        found["soak"] = charts.memory(soak)
    return found


def _figures(gates: dict[str, GateResult], name: str) -> dict[str, Any]:
    return gates[name].figures if name in gates else {}


def fill(template: str, **values: Any) -> str:
    """Render a template; every value that is not Markup is escaped."""
    page = _environment().get_template(template).render(values)
    # HTML forbids control characters, and a translation must not reverse the text around it.
    return escaped(_COLOURS.sub("", page))


@functools.cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader("relctl.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


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
        _write_index(folder)
    except OSError as error:
        words = words_of(error)
        say(f"the index of reports is out of date: {words}; the next relctl verify rewrites it")


def _write_index(folder: Path) -> None:
    """Write until the folder is unchanged: a verification and a prune may run concurrently."""
    seen = None
    while seen != (now := _files(folder)):
        seen = now
        replace_text(index_of(folder), render_index(now))


def render_index(files: Iterable[File]) -> str:
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
