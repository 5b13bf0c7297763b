"""The site of the documents: what it holds, and that a link which leads nowhere is found."""

import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

import document_site
from document_site import ROOT, copy_documents, dead_links, main

NAV = tomllib.loads((ROOT / "docs" / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]


def named(nav: Any) -> list[str]:
    """The documents that the navigation names."""
    if isinstance(nav, str):
        return [nav]
    inner = nav.values() if isinstance(nav, dict) else nav
    return [name for each in inner for name in named(each)]


def test_the_navigation_names_every_document_but_single_decisions() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    wanted = {name for name in tracked if not name.startswith(("docs/adr/0", "tests/"))}
    assert sorted(named(NAV)) == sorted(wanted)


def test_the_list_of_decisions_has_every_one_in_order() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8").splitlines()[5:]
    wanted = []
    for path in sorted((ROOT / "docs" / "adr").glob("0*.md")):
        number, _, title = (
            path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").partition(". ")
        )
        wanted.append(f"{number}. [{title}]({path.name})")
    assert listed == wanted


def test_what_a_document_links_to_comes_along(tmp_path: Path) -> None:
    copy_documents(tmp_path)
    assert (tmp_path / "docs" / "how-to" / "runbook.md").is_file()
    assert (tmp_path / "deploy" / "environments" / "production.yaml").is_file()


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ('<h1 id="top"></h1><a href="#top"></a><a href="https://example.com/x"></a>', []),
        ('<a href="other/#there"></a><img src="/picture.svg">', []),
        ('<a href="nowhere/"></a>', ["index.html: nowhere/ leads to no file"]),
        ('<img src="lost.png">', ["index.html: lost.png leads to no file"]),
        ('<a href="other/#here"></a>', ["index.html: other/#here leads to no heading"]),
        ('<a href="#here"></a>', ["index.html: #here leads to no heading"]),
    ],
)
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, page: str, said: list[str]) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_text('<h2 id="there"></h2>')
    (tmp_path / "picture.svg").write_text("<svg/>")
    (tmp_path / "index.html").write_text(page)
    assert list(dead_links(tmp_path)) == said


def test_a_warning_of_the_generator_ends_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project"
    (project / "docs").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "zensical.toml", project / "docs")
    (project / "README.md").write_text("[nothing](nowhere.md)\n")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    monkeypatch.setattr(document_site, "ROOT", project)
    assert main(tmp_path / "site") == 1
    assert "nowhere.md" in capsys.readouterr().err
