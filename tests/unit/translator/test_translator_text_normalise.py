"""A text is brought into one spelling, and what nobody can see is taken out."""

import unicodedata

import pytest
from hypothesis import given

from translator.text.characters import normalise
from unit.translator.translator_texts import LENGTH, PATIENCE, RUNS, texts, thorough


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0301", "é"),
        ("\uf9dc", "隆"),  # a compatibility ideograph
        ("\ufb2c", "\u05e9\u05bc\u05c1"),
        ("\U0001d160", "\U0001d158\U0001d165\U0001d16e"),
        ("e\x00\u0301", "é"),
        ("ＡＢ１２，", "ＡＢ１２，"),
    ],
)
def test_a_text_is_composed(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "character",
    "\x00\x1b\x7f\x9f\ud800\udfff\xad\u061c\u200b\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\ufffb",
)
def test_what_nobody_sees_is_dropped(character: str) -> None:
    assert normalise(f"{character}你{character}好{character}") == "你好"


@pytest.mark.parametrize(
    "text", ["👩‍👩‍👧", "❤️", "1️⃣", "🏴\U000e0067\U000e0062\U000e007f", "نمی\u200cخواهم", "\ufffd"]
)
def test_what_makes_up_emoji_and_words_is_kept(text: str) -> None:
    assert normalise(text) == text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\t", " ", "\u3000", "\xa0"])
def test_line_breaks_tabs_and_blanks_are_kept(end: str) -> None:
    assert normalise(f"一{end}{end}二{end}") == f"一{end}{end}二{end}"


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x85"])
def test_a_line_break_that_is_a_control_character_becomes_an_ordinary_one(end: str) -> None:
    assert normalise(f"一{end}二") == "一\n二"


def test_a_heap_of_accents_is_cut_to_thirty() -> None:
    assert normalise("a\u0316" + "\u0301" * 50) == "á\u0316" + "\u0301" * 28
    assert len(normalise("\u0344" * 100)) == 30


def test_the_limit_knows_every_character_that_attaches_to_another() -> None:
    attaching = [chr(code) for code in range(0x110000) if unicodedata.combining(chr(code))]
    assert [mark for mark in attaching if len(normalise("好" + mark * 99)) > 31] == []


@thorough
@given(texts)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@thorough
@given(texts)
def test_what_is_left_can_be_written_and_is_composed(text: str) -> None:
    normal = normalise(text)
    assert normal.encode().decode() == normal
    assert unicodedata.is_normalized("NFC", normal)
    assert all(character in "\t\n\r" or unicodedata.category(character) != "Cc" for character in normal)


@pytest.mark.timeout(PATIENCE)
def test_the_time_grows_with_the_length_only() -> None:
    assert max(len(normalise(run)) for run in RUNS) == LENGTH
    assert len(normalise("a" + "\u0301\u0316" * LENGTH)) == 30
