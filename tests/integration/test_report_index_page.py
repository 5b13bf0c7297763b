"""The list of reports in a real browser: every row is seen whole, and leads to its report."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from integration.page_browser import launch
from integration.page_looks import faint_texts, overflow
from integration.report_browser import Report, open_report
from relctl.report.page import index_of, refresh, report_of, write
from relctl.state.evidence import EvidenceStore
from unit.report.test_report import evidence, gate

GATES = ("startup", "dependencies", "contract", "quality", "latency", "keep-alive", "command licences")
WINDOWS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release that passed, one that failed all it could, one with long names, and one that is damaged."""
    found = tmp_path_factory.mktemp("evidence")
    store = EvidenceStore(found)
    long = {"pipeline_file": f"{'a-folder/' * 20}release.yaml", "reference_tag": f"v10.20.30-{'a' * 40}"}
    keep(store, "1.0.0", "pass")
    keep(store, "2.0.0", "fail")
    keep(store, "3.0.0-rc.1", "pass", reference="sha256:1", environment="production-in-frankfurt", **long)
    keep(store, "4.0.0", "pass").write_text("{")
    refresh(found, pytest.fail)
    return found


def keep(store: EvidenceStore, version: str, verdict: Any, **members: Any) -> Path:
    tested = evidence(*(gate(name, verdict, f"{name} says no") for name in GATES), verdict=verdict)
    tested = tested.model_copy(
        update={"tag": f"v{version}-abc12de", "image_id": f"sha256:{version}"} | members
    )
    write(tested, report_of(store.path(tested.image_id, tested.pipeline)))
    return store.save(tested)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@pytest.fixture(params=WINDOWS, ids=lambda each: "-".join(map(str, each)))
def index(request: pytest.FixtureRequest, browser: Browser, folder: Path) -> Iterator[Report]:
    opened = open_report(browser, index_of(folder), *request.param)
    yield opened
    opened.page.context.close()


def test_it_reads_well_in_every_window(index: Report) -> None:
    assert index.noted == []
    assert overflow(index.page) == 0
    assert index.ill_placed() == []
    assert faint_texts(index.page) == []
    expect(index.page.locator("#reports-table tbody tr")).to_have_count(4)
    for words in ("v1.0.0-abc12de", "startup, dependencies", "not readable", "production-in-frankfurt"):
        expect(index.page.get_by_text(words).first).to_be_visible()


def test_a_row_leads_to_its_report(browser: Browser, folder: Path) -> None:
    opened = open_report(browser, index_of(folder))
    opened.page.get_by_role("link", name="v2.0.0-abc12de").click()
    expect(opened.page.get_by_text("may not take traffic")).to_be_visible()
    expect(opened.page.get_by_text("dependencies says no").first).to_be_visible()
    opened.page.context.close()
