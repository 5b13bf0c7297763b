"""Writes the report of one verification: verdict, gates, and what each gate measured."""

import functools
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relctl.escape import escaped
from relctl.state.evidence import Evidence, GateResult
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
