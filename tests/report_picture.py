"""Take the picture of a report that the README shows, from real evidence.

PYTHONPATH=tests .venv/bin/python -m report_picture EVIDENCE.json docs/images/report.png
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from integration.page_browser import launch
from integration.report_browser import open_report
from relctl.report.page import write
from relctl.state.evidence import Evidence

WIDTH, HEIGHT = 1000, 960


def main(evidence: Path, picture: Path) -> None:
    """Write the top of the report of `evidence`, as a reader first sees it, to `picture`."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = Path(folder) / "report.html"
        write(Evidence.model_validate_json(evidence.read_text(encoding="utf-8")), report)
        page = open_report(launch(playwright.chromium), report, WIDTH).page
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        page.screenshot(path=picture)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
