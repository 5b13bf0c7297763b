"""The datasets have the form that their README promises, so that a score means the same every time."""

import unicodedata
from functools import cache
from pathlib import Path

import pytest

DATASETS = Path(__file__).parents[3] / "pipelines" / "datasets"
PAIRS = {"everyday.tsv": 200, "shop.tsv": 1200}
# What the reference ends with where the source ends so.
ENDINGS = {"。": ".", "？": "?", "！": "!", "”": '"'}

every_dataset = pytest.mark.parametrize("name", PAIRS)


@cache
def content(name: str) -> str:
    """As it is on disk: read as text, the ends of the lines would be translated."""
    return (DATASETS / name).read_bytes().decode("utf-8")


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in content(name).removesuffix("\n").split("\n")]


def pairs(name: str) -> list[tuple[str, str]]:
    return [(source, reference) for source, reference in rows(name)[1:]]


def texts(name: str) -> list[str]:
    return [text for row in rows(name) for text in row]


def ending(text: str) -> str:
    """Its final punctuation mark, or nothing."""
    return text[-1] if unicodedata.category(text[-1]).startswith("P") else ""


def lengths() -> list[int]:
    return [len(source) for source, _ in pairs("everyday.tsv")]


@every_dataset
def test_the_first_line_names_two_columns(name: str) -> None:
    assert rows(name)[0] == ["source", "reference"]


@every_dataset
def test_the_last_line_ends_like_every_other(name: str) -> None:
    assert content(name).endswith("\n")


@every_dataset
def test_every_line_has_a_source_and_a_reference(name: str) -> None:
    assert [row for row in rows(name) if len(row) != 2 or not all(row)] == []


@every_dataset
def test_a_dataset_has_as_many_pairs_as_its_readme_says(name: str) -> None:
    assert len(rows(name)) - 1 == PAIRS[name]
    assert f"| `{name}` | {PAIRS[name]:,} |" in (DATASETS / "README.md").read_text(encoding="utf-8")


@every_dataset
def test_no_source_occurs_twice(name: str) -> None:
    sources = [source for source, _ in pairs(name)]
    assert sorted(sources) == sorted(set(sources))


@every_dataset
def test_texts_are_composed_as_nfc(name: str) -> None:
    assert [text for text in texts(name) if not unicodedata.is_normalized("NFC", text)] == []


@every_dataset
def test_texts_hold_nothing_that_cannot_be_seen(name: str) -> None:
    """Such as a carriage return, a byte order mark, a zero-width or an ideographic space."""
    assert [text for text in texts(name) if not text.isprintable()] == []


@every_dataset
def test_texts_have_no_blanks_around_them(name: str) -> None:
    assert [text for text in texts(name) if text != text.strip()] == []


@every_dataset
def test_sources_are_chinese_and_references_are_not(name: str) -> None:
    def chinese(text: str) -> bool:
        return any("\u4e00" <= character <= "\u9fff" for character in text)

    assert [pair for pair in pairs(name) if not chinese(pair[0]) or chinese(pair[1])] == []


@every_dataset
def test_references_end_with_the_punctuation_of_their_sources(name: str) -> None:
    def expected(source: str) -> str:
        return ENDINGS[ending(source)] if ending(source) else ""

    assert [pair for pair in pairs(name) if ending(pair[1]) != expected(pair[0])] == []


def test_everyday_has_short_and_long_sentences() -> None:
    assert min(lengths()) <= 5
    assert sum(length > 30 for length in lengths()) >= 20


def test_everyday_goes_from_easy_to_hard() -> None:
    easy, middle, hard = lengths()[:67], lengths()[67:134], lengths()[134:]
    assert max(easy) < min(middle)
    assert max(middle) < min(hard)
