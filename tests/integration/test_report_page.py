"""The report in a real browser: what a reader sees of good and bad evidence, on desk, phone and paper."""

import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread
from playwright.sync_api import Browser, expect, sync_playwright

from integration.page_browser import launch
from integration.page_looks import brightness, faint_texts, overflow
from integration.report_browser import Report, open_report
from relctl.report.page import write
from relctl.state.evidence import Evidence, overall
from unit.report.test_report import EVIL, LATENCY, QUALITY, SOAK, evidence, gate

LONG = "x" * 500
CHINESE = "这台洗衣机声音很大，而且洗得不干净，我想把它退掉，可是发票已经找不到了。" * 5
CASES: list[dict[str, Any]] = [
    {"name": "our own shape", "attempts": 1, "wrong": [], "status": 200, "ms": 1.9},
    {"name": LONG, "attempts": 3, "wrong": [f"status 500, not 200: {LONG}", EVIL]},
]
WINDOWS = [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]


def _good() -> Evidence:
    soak = SOAK | {"warm_up_requests": 400, "memory": [[0, 110e6], *SOAK["memory"][1:]]}
    gates = gate("quality", **QUALITY), gate("latency", **LATENCY), gate("soak", **soak)
    return evidence(gate("startup"), gate("smoke", cases=CASES[:1]), *gates)


def _bad() -> Evidence:
    """All that may go wrong at once, with texts that no table was made for."""
    texts = (
        {"source": CHINESE, "candidate": LONG},
        {"source": "好", "candidate": "😀👩‍👩‍👧‍👦\u202e\x00 \x1b[31m"},
    )
    worst = [{"reference": EVIL, "chrf": 0.1} | text for text in texts]
    changed = [{"reference": LONG, "live": EVIL, "chrf_change": -99.9} | text for text in texts]
    data = QUALITY["data_sets"][0] | {"name": "很长$_" + LONG, "worst": worst, "most_changed": changed}
    reasons = [f"package-{number} 1.0, locked 2.{number}" for number in range(40)]
    gates = (
        gate("startup"),
        gate("size", "off", "no limit is agreed"),
        gate("dependencies", "fail", *reasons, LONG),
        gate("contract", "fail", f"{LONG}: status 500", cases=CASES),
        gate("quality", "fail", CHINESE, **(QUALITY | {"data_sets": [data]})),
        gate("latency", "fail", "p95 is 900 ms; 500 ms are allowed", **LATENCY, log=f"\x1b[31mKilled {LONG}"),
        gate("soak", "not run", "the candidate has ended with 137"),
        gate("licences", "fail", "ended with 1", output=f"{EVIL}\n{LONG}", exit_code=1),
    )
    return evidence(*gates, verdict=overall(gates))


KINDS = {"good": _good(), "bad": _bad()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    found = {kind: folder / f"{kind}.html" for kind in KINDS}
    for kind, path in found.items():
        write(KINDS[kind], path)
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@pytest.fixture(
    params=[(kind, *window) for kind in KINDS for window in WINDOWS],
    ids=lambda each: "-".join(map(str, each)),
)
def report(request: pytest.FixtureRequest, browser: Browser, files: dict[str, Path]) -> Iterator[Report]:
    kind, width, scheme = request.param
    report = open_report(browser, files[kind], width, scheme)
    yield report
    report.page.context.close()
    assert report.noted == [], "a report asks for nothing and complains of nothing"


@pytest.fixture
def bad(browser: Browser, files: dict[str, Path]) -> Iterator[Report]:
    report = open_report(browser, files["bad"])
    yield report
    report.page.context.close()


def test_it_reads_well_in_every_window(report: Report) -> None:
    verdict = report.page.get_by_text("take traffic")
    expect(verdict).to_be_in_viewport(ratio=1)
    expect(report.page.get_by_role("heading", level=1)).to_be_in_viewport(ratio=1)
    report.unfold()
    assert overflow(report.page) == 0
    assert report.ill_placed() == []
    assert faint_texts(report.page) == []
    assert report.faint_in_pictures() == []
    assert report.too_small() == []


def test_every_picture_is_in_its_card_and_says_what_it_shows(report: Report) -> None:
    names = report.page.locator("main").aria_snapshot()
    expected = [name for name in ("Differences", "Distribution", "Memory over") if f'img "{name}' in names]
    assert len(expected) == report.pictures.count() >= 2
    for picture in report.pictures.all():
        expect(picture).to_have_attribute("role", "img")
        inner, outer = (
            picture.bounding_box(),
            picture.locator("xpath=ancestor::*[@class='card']").bounding_box(),
        )
        assert inner
        assert outer
        assert inner["width"] > 0.8 * outer["width"]
        assert inner["height"] > 100
        assert inner["y"] + inner["height"] <= outer["y"] + outer["height"]


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("kind", KINDS)
def test_every_gate_has_its_row(kind: str, width: int, browser: Browser, files: dict[str, Path]) -> None:
    report = open_report(browser, files[kind], width)
    gates = KINDS[kind].gates
    expect(report.rows).to_have_count(len(gates))
    for row, each in zip(report.rows.all(), gates, strict=True):
        expect(row).to_be_visible()
        expect(row.get_by_role("rowheader", name=each.name, exact=True)).to_be_visible()
        expect(row.get_by_text(each.verdict, exact=True)).to_be_visible()
        expect(row).to_contain_text(each.reason[:20])
    report.page.context.close()


def test_a_phone_has_the_sentences_below_each_other(browser: Browser, files: dict[str, Path]) -> None:
    report = open_report(browser, files["good"], width=360)
    boxes = [
        cell.bounding_box() for cell in report.page.locator(".sentences tbody tr").first.locator("td").all()
    ]
    placed = [box for box in boxes if box]
    assert len(placed) == 5
    assert all(above["y"] + above["height"] <= below["y"] for above, below in pairwise(placed))
    assert min(box["width"] for box in placed) > 250
    report.page.context.close()


def test_a_phone_breaks_no_name_and_says_nothing_of_what_was_not_measured(
    browser: Browser, files: dict[str, Path]
) -> None:
    report = open_report(browser, files["good"], width=360)
    name = report.page.get_by_role("rowheader", name="everyday", exact=True).first
    box = name.bounding_box()
    assert box
    assert box["height"] < 45, "one line"
    report.page.context.close()
    report = open_report(browser, files["bad"], width=360)
    row = report.rows.filter(has=report.page.get_by_role("rowheader", name="soak"))
    expect(row.locator("[data-label=seconds]")).to_be_hidden()
    report.page.context.close()


def test_the_pictures_have_the_colours_of_the_scheme(browser: Browser, files: dict[str, Path]) -> None:
    report = open_report(browser, files["good"], scheme="dark")
    fill = "() => getComputedStyle(document.querySelector('.picture.wide text')).fill"
    dark = report.page.evaluate(fill)
    report.page.emulate_media(color_scheme="light")
    assert brightness(dark) > brightness(report.page.evaluate(fill)) + 150
    report.page.context.close()


def test_no_mark_of_a_picture_is_black_on_dark(browser: Browser, files: dict[str, Path]) -> None:
    report = open_report(browser, files["good"], scheme="dark")
    for picture in report.pictures.all():
        brightest = imread(io.BytesIO(picture.screenshot()))[..., :3].max(axis=2)  # of red, green and blue
        assert brightest.min() > 0.05, "every part of a chart has a colour of the page"
    report.page.context.close()


def test_paper_is_white_and_has_what_is_folded(browser: Browser, files: dict[str, Path]) -> None:
    report = open_report(browser, files["good"], width=700, scheme="dark")
    expect(report.page.get_by_text("chrF2|")).to_be_hidden()
    report.page.emulate_media(media="print", color_scheme="dark")
    ink = report.page.evaluate("() => getComputedStyle(document.body).color")
    assert brightness(ink) < 150
    expect(report.page.get_by_text("chrF2|")).to_be_visible()
    assert overflow(report.page) == 0
    report.page.context.close()


def test_what_others_have_written_stays_text(bad: Report) -> None:
    assert bad.page.locator("script").count() == 0
    expect(bad.page.get_by_role("cell", name=EVIL, exact=True).first).to_be_visible()
    expect(bad.page.locator("pre", has_text=EVIL)).to_be_visible()
    assert "\x1b" not in bad.page.content()


def test_a_failure_is_told_from_the_first_screen_on(bad: Report) -> None:
    verdict = bad.page.locator(".verdict").first
    expect(verdict).to_contain_text("may not take traffic")
    for name in ("dependencies", "contract", "quality", "latency", "licences"):
        expect(verdict.get_by_role("term").filter(has_text=name)).to_be_visible()
    expect(verdict).to_contain_text("p95 is 900 ms; 500 ms are allowed")
    expect(verdict).to_contain_text("Not run: soak (the candidate has ended with 137)")
    expect(verdict).to_contain_text("Off: size (no limit is agreed)")
    expect(bad.page.get_by_text("Killed x")).to_be_visible()
    expect(bad.page.get_by_text("status 500, not 200")).to_be_visible()


def test_many_reasons_are_a_list_whose_end_is_folded(bad: Report) -> None:
    row = bad.rows.filter(has=bad.page.get_by_role("rowheader", name="dependencies"))
    expect(row.get_by_text("package-0 1.0, locked 2.0", exact=True)).to_be_visible()
    expect(row.get_by_text("package-39")).to_be_hidden()
    row.get_by_text("and 33 more").click()
    expect(row.get_by_text("package-39")).to_be_visible()
    expect(bad.rows.get_by_text("p95 is 900 ms; 500 ms are allowed", exact=True)).to_be_visible()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_html_that_a_screen_reader_finds_its_way_in(
    kind: str, browser: Browser, files: dict[str, Path]
) -> None:
    report = open_report(browser, files[kind])
    assert report.page.evaluate("() => [document.compatMode, document.documentElement.lang]") == [
        "CSS1Compat",
        "en",
    ]
    assert report.repeated_ids() == []
    levels = report.heading_levels()
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert report.page.locator("th:not([scope])").count() == 0
    report.page.context.close()
