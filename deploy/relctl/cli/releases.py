"""`relctl releases`: list built, proved, running and retained releases."""

from collections.abc import Sequence
from dataclasses import asdict

import typer

from relctl.cli.context import settings
from relctl.cli.output import show, table


def releases(context: typer.Context) -> None:
    """List the releases of this service, newest first, with their evidence and where they run."""
    from relctl.rollout.releases import releases as list_releases

    chosen = settings(context)
    found = list_releases(chosen.host())
    headings = ("TAG", "RUNS", "EVIDENCE", "RETAINED", "PINNED", "SIZE", "CREATED", "IMAGE")
    rows = [
        (
            each.tag,
            each.runs or "-",
            each.evidence,
            "yes" if each.retained else "-",
            "yes" if each.pinned else "-",
            f"{each.size_bytes / 1e6:.0f} MB",
            each.created,
            each.image_id[7:19],
        )
        for each in found
    ]
    reports = next((each.reports for each in found), "")
    chosen.speaker.emit([asdict(each) for each in found], lambda: _print(headings, rows, reports))


def _print(headings: Sequence[str], rows: Sequence[Sequence[str]], reports: str) -> None:
    table(headings, rows)
    if reports:
        show(f"reports: {reports}")
