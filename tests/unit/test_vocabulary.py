"""The vocabulary of code and documents, which `make lint` checks."""

from pathlib import Path

import pytest

from vocabulary import ROOT, check, findings


def test_code_and_documents_use_no_word_that_is_out() -> None:
    assert check(ROOT) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Read it anew.", ["anew"]),
        ("Compare with the release before.", ["the release before"]),
        ("Compare with the release before: it is live.", ["the release before"]),
        ("Look at the release before it gets traffic.", []),
        ("Check the release before promoting it.", []),
        ("It waits for\n# so many requests", ["so many"]),
        ("It waits for so\n    # many requests", ["so many"]),
        ("Whoever holds it lets\ngo of it.", ["Whoever", "lets go of"]),
        ("Tell whether it is free; recommend it.", ["Tell whether"]),
        ("renewed, amend, anewly", []),
    ],
)
def test_words_that_are_out_are_found_in_order(text: str, found: list[str]) -> None:
    assert [words for _, words, _ in findings(text)] == found


def test_a_finding_names_file_line_and_better_words(tmp_path: Path) -> None:
    (tmp_path / "deploy" / "room").mkdir(parents=True)
    (tmp_path / "deploy" / "room" / "steps.py").write_text('"""Steps."""\n\n# taken anew\n')
    assert check(tmp_path) == ['deploy/room/steps.py:3: "anew"; write: again']


def test_other_files_than_text_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "picture.png").write_bytes(b"anew \xff")
    assert check(tmp_path) == []
