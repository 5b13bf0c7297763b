"""`relctl config`: the effective values and their sources."""

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from relctl.cli.context import settings
from relctl.cli.output import show, table

if TYPE_CHECKING:
    from relctl.config.project import Project, Value


def config(context: typer.Context) -> None:
    """Show every effective value and its source: a line, a variable or the default."""
    from relctl.config.project import effective

    chosen = settings(context)
    project = chosen.project()
    found = effective(project.root, project.name, os.environ)
    result = {"project": str(project.root), "environment": project.name, "values": [*map(asdict, found)]}
    chosen.speaker.emit(result, lambda: _print(project, found))


def _print(project: "Project", found: "list[Value]") -> None:
    show(f"{project.versions.service} in {project.name}: {project.root}")
    table(("KEY", "SOURCE", "VALUE"), [(each.key, each.source, _words(each)) for each in found])


def _words(each: "Value") -> str:
    if each.hidden:
        return "(not shown)"
    if each.value in (None, "", [], {}):
        return "-"
    return each.value if isinstance(each.value, str) else json.dumps(each.value, ensure_ascii=False)
