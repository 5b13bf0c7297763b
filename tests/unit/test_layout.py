"""The layout as documents tell it: every module that they name exists, and the table of rooms is the rule."""

import re
from pathlib import Path

import pytest

from unit.test_documents import ROOT, name, section, text
from unit.test_imports import ALLOWED, BOTTOM, RELCTL

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FORMER = re.compile(r"\bwas `[^`]+`")


def modules(document: str) -> set[str]:
    """The Python files that a document names, without those that it says are former ones."""
    named = re.findall(r"[\w./-]+\.py\b", FORMER.sub("", document))
    return {each for each in named if not re.search(r"\b[A-Z]+\.py$", each)}  # NAME.py is any


def exists(module: str) -> bool:
    """Whether there is such a file: below relctl, the translator or the repository, or by its name alone."""
    if "/" in module:
        return any((below / module).is_file() for below in (RELCTL, ROOT / "service" / "translator", ROOT))
    return any(next((ROOT / folder).rglob(module), None) for folder in ("deploy", "tests", "benchmarks"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_module_that_a_document_names_exists(path: Path) -> None:
    assert [each for each in sorted(modules(text(name(path)))) if not exists(each)] == []


def test_a_module_that_is_gone_is_found_unless_it_is_called_a_former_one() -> None:
    told = modules("see `state/gone.py` and `gone.py`, not `state/ledger.py` (was `state/book.py`)")
    assert {each for each in told if not exists(each)} == {"state/gone.py", "gone.py"}


def test_the_table_of_rooms_is_what_imports_are_held_to() -> None:
    rows = re.findall(r"^\| `(\w+)/` \|.*\| ([^|]*)\|$", section(text("CONTRIBUTING.md"), "Rooms"), re.M)
    told = {room: set(re.findall(r"`(\w+)`", below)) for room, below in rows}
    inner = re.findall(r"`(\w+)/`", section(text("CONTRIBUTING.md"), "Rooms"))
    assert [each for each in inner if next(RELCTL.rglob(each), None) is None] == []
    assert told == {room: below - BOTTOM for room, below in ALLOWED.items() if room not in BOTTOM}
