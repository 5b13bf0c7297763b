"""The index lists every report that there is evidence for, of any relctl, and leads to each."""

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from relctl.report import page as pages
from relctl.report.page import File, index_of, refresh, render_index, report_of, write
from relctl.state.evidence import Evidence, EvidenceStore, read
from unit.report.test_report import NOW, evidence, gate


def silent(_: str) -> None:
    """Take no words."""


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path, lambda folder: refresh(folder, silent))


def kept(store: EvidenceStore, version: str, hours: int = 0, verdict: str = "pass", **members: str) -> Path:
    """Write evidence of a version and its report, as a verification does; returns the evidence's file."""
    found = evidence(gate("smoke", verdict, "2 of 9 cases fail"), verdict=verdict).model_copy(
        update={
            "tag": f"v{version}-abc12de",
            "image_id": f"sha256:{version}",
            "ended": NOW + timedelta(hours=hours),
        }
        | members
    )
    write(found, report_of(store.path(found.image_id, found.pipeline)))
    return store.save(found)


def rows(folder: Path) -> list[list[str]]:
    """The words of each row, cell by cell."""
    body = index_of(folder).read_text().partition("<tbody>")[2]
    return [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell.replace("<wbr>", "")).split())
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)
        ]
        for row in re.findall(r"<tr>.*?</tr>", body, re.S)
    ]


def links(folder: Path) -> list[str]:
    return re.findall(r'href="([^"]+)"', index_of(folder).read_text())


def test_the_newest_is_first_and_a_failure_says_which_gate(store: EvidenceStore) -> None:
    kept(store, "1.0.0", hours=0, reference="sha256:0", reference_tag="v0.9.0-abc12de")
    kept(store, "2.0.0", hours=26, verdict="fail")
    live, file = "v0.9.0-abc12de", "pipelines/release.yaml"
    assert rows(store.folder) == [
        ["v2.0.0-abc12de", "fail smoke", file, "production", "–", "2026-11-21 14:00 UTC"],
        ["v1.0.0-abc12de", "pass", file, "production", live, "2026-11-20 12:00 UTC"],
    ]
    assert "<title>Reports of translator</title>" in index_of(store.folder).read_text()


def test_every_link_leads_to_a_report(store: EvidenceStore) -> None:
    files = [kept(store, version) for version in ("1.0.0", "2.0.0")]
    assert sorted(links(store.folder)) == sorted(report_of(path).name for path in files)
    assert all((store.folder / link).is_file() for link in links(store.folder))


def test_evidence_without_its_report_is_listed_and_leads_nowhere(store: EvidenceStore) -> None:
    report_of(kept(store, "1.0.0")).unlink()
    refresh(store.folder, silent)
    assert rows(store.folder)[0][0] == "v1.0.0-abc12de"
    assert links(store.folder) == []


def test_reports_of_an_older_relctl_are_listed(store: EvidenceStore) -> None:
    path = kept(store, "1.0.0")
    older = json.loads(path.read_text())
    for member in ("service", "environment", "pipeline_file", "reference_tag"):
        del older[member]
    path.write_text(json.dumps(older))
    refresh(store.folder, silent)
    assert rows(store.folder) == [
        ["v1.0.0-abc12de", "pass", "sha256:bbbbbbbbbbbb", "–", "–", "2026-11-20 12:00 UTC"]
    ]
    assert links(store.folder) == [report_of(path).name]
    assert "<title>Reports</title>" in index_of(store.folder).read_text()


def test_what_cannot_be_read_is_listed_last_with_its_report(store: EvidenceStore) -> None:
    damaged = kept(store, "1.0.0", hours=5)
    damaged.write_text("{")
    kept(store, "2.0.0")
    assert [row[:2] for row in rows(store.folder)] == [
        ["v2.0.0-abc12de", "pass"],
        ["1.0.0-bbbbbb…", "not readable"],
    ]
    assert report_of(damaged).name in links(store.folder)
    assert f'title="{damaged.name}"' in index_of(store.folder).read_text()


def test_what_is_pruned_is_no_longer_listed(store: EvidenceStore) -> None:
    for version in ("1.0.0", "2.0.0"):
        kept(store, version)
    store.remove("sha256:1.0.0")
    assert [row[0] for row in rows(store.folder)] == ["v2.0.0-abc12de"]
    store.remove("sha256:2.0.0")
    assert "No evidence yet" in index_of(store.folder).read_text()


def test_names_of_others_are_text_and_not_html(store: EvidenceStore) -> None:
    kept(store, "1.0.0", environment="<b>\u202e", service="<script>")
    page = index_of(store.folder).read_text()
    assert "<b>" not in page.partition("<tbody>")[2]
    assert "<script>" not in page
    assert r"&lt;b&gt;\u202e" in page


def test_it_needs_nothing_from_elsewhere_and_is_the_same_for_the_same_evidence(store: EvidenceStore) -> None:
    kept(store, "1.0.0")
    page = index_of(store.folder).read_text()
    assert "src=" not in page
    assert "url(" not in page
    refresh(store.folder, silent)
    assert page == index_of(store.folder).read_text()


def test_evidence_is_read_again_only_when_it_is_new(
    store: EvidenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noted(path: Path) -> Evidence:
        asked.append(path.name)
        return read(path)

    monkeypatch.setattr(pages, "read", noted)
    first, second = kept(store, "1.0.0"), kept(store, "2.0.0")
    store.remove("sha256:1.0.0")
    assert asked == [first.name, second.name]
    kept(store, "2.0.0", verdict="fail")
    assert asked[2:] == [second.name]
    assert [row[1] for row in rows(store.folder)] == ["fail smoke"]


def test_evidence_that_comes_while_it_is_written_is_not_missed(
    store: EvidenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verification that ends just after a prune has read the folder, and before that has written."""
    kept(store, "1.0.0")
    calls: list[str] = []

    def slow(files: Iterable[File]) -> str:
        page = render_index(files)
        calls.append(page)
        if len(calls) == 1:
            kept(store, "2.0.0")  # it writes the index, too, and that is then replaced by what is older
        return page

    monkeypatch.setattr(pages, "render_index", slow)
    refresh(store.folder, silent)
    assert len(rows(store.folder)) == 2
