"""Writes the report of one evidence."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from relctl.state.evidence import Evidence, GateResult
from relctl.state.files import replace_text

_WORDS = {"pass": "passed", "fail": "failed"}  # others are as they are: off, not run
# What HTML may not hold: a log may have colours for a terminal, a translation anything.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def write(evidence: Evidence, path: Path) -> None:
    """Replace the file at `path` with the report."""
    replace_text(path, render(evidence))


def render(evidence: Evidence) -> str:
    """The report as HTML: the verdict, a row for each gate, then what each has measured."""
    gates = {gate.name: gate for gate in evidence.gates}
    environment = Environment(
        loader=PackageLoader("relctl.verify.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    html = template.render(evidence=evidence, gates=gates, tally=_tally(evidence), charts=_charts(gates))
    return _CONTROLS.sub("\ufffd", _COLOURS.sub("", html))


def _tally(evidence: Evidence) -> str:
    """How many gates said what, in words."""
    counted = Counter(_WORDS.get(gate.verdict, gate.verdict) for gate in evidence.gates)
    said = ", ".join(f"{number} {words}" for words, number in counted.most_common())
    return f"{len(evidence.gates)} gates: {said}"


def _charts(gates: dict[str, GateResult]) -> dict[str, Markup]:
    """Those that there are figures for: a gate that could not run has none."""
    from relctl.verify.report import charts  # matplotlib takes a second to import

    found: dict[str, str] = {}
    latency, quality, soak = (_figures(gates, name) for name in ("latency", "quality", "soak"))
    if "candidate_ms" in latency:
        found["latency"] = charts.latencies(latency)
    if any("against_live" in each for each in quality.get("data_sets", [])):
        found["quality"] = charts.differences(quality["data_sets"], quality["margins"])
    if soak.get("memory"):
        found["soak"] = charts.memory(soak)
    # Drawn by matplotlib out of numbers and names of data sets, which it escapes; nothing is a candidate's.
    return {name: Markup(svg) for name, svg in found.items()}  # noqa: S704


def _figures(gates: dict[str, GateResult], name: str) -> dict[str, Any]:
    return gates[name].figures if name in gates else {}
