"""Raw outputs are made fit to be read; nothing is invented."""

import unicodedata
from collections import Counter
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.text.characters import normalise
from translator.text.clean import (
    bound_length,
    case_first_letter,
    clean,
    close_up,
    collapse_blanks,
    drop_special_tokens,
    drop_wordless,
    normalise_output,
    speak_english_marks,
)
from translator.text.marks import CLOSERS, TO_ENGLISH
from translator.text.sentences import Piece
from unit.translator.translator_texts import PATIENCE, RUNS, texts, thorough

SENTENCE = Piece("你好。")
FIRST = Piece("虽然今天下雨，", closes=False)
MIDDLE = Piece("但是我很高兴；", opens=False, closes=False)
LAST = Piece("我们去散步吧！", opens=False)

TOKENS = ["<unk>", "</s>", "<s>", "<pad>", "<UNK>", "⁇", "▁", "\ufffd"]
_WORDS = [
    "good",
    "Good,",
    "the",
    "The",
    "It's",
    "don't",
    "Tom",
    "eBay",
    "3",
    "14",
    "3.",
    ".5",
    "x\u0301",
    "i\u0307",
]
_MARKS = [
    ".",
    ",",
    "...",
    "…",
    "!",
    "-",
    "(",
    ")",
    "[",
    '"',
    "“",
    '"good"',
    ":)",
    "%",
    "\n",
    "\x00",
    "<<s>s>",
]
outputs = st.lists(st.sampled_from(_WORDS + _MARKS + TOKENS), max_size=40).map(" ".join) | texts
sources = st.builds(Piece, texts, st.just(""), st.booleans(), st.booleans())


def letters(text: str) -> Counter[str]:
    composed = unicodedata.normalize("NFC", text)
    return Counter(character.casefold() for character in composed if character.isalnum())


@pytest.mark.parametrize("token", TOKENS)
def test_special_tokens_are_no_text(token: str) -> None:
    assert drop_special_tokens(SENTENCE, f"Hello{token}world") == "Hello world"


def test_the_two_sides_of_a_token_make_no_other_one() -> None:
    assert drop_special_tokens(SENTENCE, "<<s>s>") == "< s>"


def test_control_characters_and_lone_surrogates_go() -> None:
    assert normalise_output(SENTENCE, "He\x00l\ud800lo\u200b") == "Hello"


def test_an_output_is_one_line_with_single_spaces() -> None:
    assert collapse_blanks(SENTENCE, "\u3000One  \n two\t\u2028three ") == "One two three"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Hello , world !", "Hello, world!"),
        ("Well . . .", "Well..."),
        ('He said " hello . "', 'He said " hello. "'),
        ("It is ( very ) good .", "It is (very) good."),
        ("100 % of it", "100% of it"),
        ("3 . 14", "3. 14"),
        ("about .5 of .NET", "about .5 of .NET"),
        ("smile :-)", "smile :-)"),
    ],
)
def test_no_space_stands_before_a_mark_or_inside_of_brackets(output: str, expected: str) -> None:
    assert close_up(SENTENCE, output) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Hello。", "Hello."),
        ("Hello，world！", "Hello, world!"),
        ("It is（very）good", "It is (very) good"),
        ("《Book》and “quote”", '"Book" and "quote"'),
        ("1，000 at 8：30", "1,000 at 8:30"),
        ("don’t", "don't"),
        ("Eat,sleep", "Eat,sleep"),
        ("café", "café"),
    ],
)
def test_marks_of_chinese_become_english_ones(output: str, expected: str) -> None:
    assert speak_english_marks(SENTENCE, output) == expected


def test_a_mark_of_chinese_is_not_doubled() -> None:
    assert clean(SENTENCE, "Hello。") == clean(SENTENCE, "Hello 。") == "Hello."


def test_what_is_far_too_long_is_cut_after_a_word() -> None:
    bounded = bound_length(SENTENCE, "word " * 100)
    assert bounded == ("word " * 15)[:-1]
    assert len(bounded) <= 40 + 12 * len(SENTENCE.text) < len(bounded + " word")


def test_a_word_that_is_far_too_long_is_no_translation() -> None:
    assert bound_length(SENTENCE, "a" * 200 + " b") == ""


@pytest.mark.parametrize("output", ["", "a" * 76, "a" * 76 + ".", "A blessing in disguise"])
def test_what_is_not_too_long_is_not_cut(output: str) -> None:
    assert bound_length(SENTENCE, output) == output


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        (SENTENCE, "hello", "Hello"),
        (SENTENCE, '"hello," he said', '"Hello," he said'),
        (SENTENCE, "don't", "Don't"),
        (SENTENCE, "3 apples", "3 apples"),
        (SENTENCE, "éclair", "éclair"),
        (SENTENCE, "i\u0307", "i\u0307"),
        (FIRST, "although it rains", "Although it rains"),
        (Piece("eBay是网站"), "eBay is a website", "eBay is a website"),
        (Piece("iPhone很好"), "i like it", "I like it"),
        (SENTENCE, "", ""),
    ],
)
def test_a_sentence_begins_with_a_capital(source: Piece, output: str, expected: str) -> None:
    assert case_first_letter(source, output) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("But I am happy", "but I am happy"),
        ("It's raining", "it's raining"),
        ("Don't forget", "don't forget"),
        ("I am happy", "I am happy"),
        ("Tom is happy", "Tom is happy"),
        ("Don's car", "Don's car"),
        ("WHO says so", "WHO says so"),
        ("and then", "and then"),
    ],
)
def test_the_rest_of_a_cut_sentence_does_not(output: str, expected: str) -> None:
    assert case_first_letter(MIDDLE, output) == expected
    assert case_first_letter(LAST, output) == expected


@pytest.mark.parametrize("output", ["", ".", " … ", '"?!"', "( )"])
def test_marks_alone_are_no_translation(output: str) -> None:
    assert drop_wordless(SENTENCE, output) == ""
    assert clean(SENTENCE, output) == ""


def test_the_steps_work_together() -> None:
    assert clean(SENTENCE, "▁the cat , the cat , the cat <unk> sleeps . </s>") == "The cat sleeps."


@pytest.mark.parametrize("output", ["Hello.", "It's 3.14 m.", 'He said, "No."', "A-B (c) is #1!", "Été?"])
def test_a_good_output_stays_as_it_is(output: str) -> None:
    assert clean(SENTENCE, output) == output


@thorough
@given(sources, outputs)
def test_cleaning_twice_changes_nothing_more(source: Piece, output: str) -> None:
    once = clean(source, output)
    assert clean(source, once) == once


@thorough
@given(sources, outputs)
def test_no_letter_and_no_digit_is_invented(source: Piece, output: str) -> None:
    assert letters(clean(source, output)) <= letters(output)


@thorough
@given(sources, outputs)
def test_marks_are_added_only_at_the_end_and_no_more_than_one_kind_of_end(source: Piece, output: str) -> None:
    cleaned = clean(source, output)
    marks = partial(filter, "。.!?…,;:".__contains__)
    added = Counter(marks(cleaned)) - Counter(marks(normalise(output).translate(TO_ENGLISH)))
    assert "".join(sorted(added.elements())) in ("", ".", "!", "?", "…", ",", ";", ":", "!?")
    assert not added or cleaned.rstrip(CLOSERS + '"')[-1] in added


@thorough
@given(sources, outputs)
def test_what_is_left_is_one_line_without_tokens_and_control_characters(source: Piece, output: str) -> None:
    cleaned = clean(source, output)
    assert [token for token in TOKENS if token.casefold() in cleaned.casefold()] == []
    assert cleaned == normalise(cleaned) == " ".join(cleaned.split())


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("source", [SENTENCE, MIDDLE], ids=["sentence", "part"])
def test_the_time_grows_with_the_length_only(source: Piece) -> None:
    assert max(len(clean(source, run)) for run in RUNS) <= 40 + 12 * len(source.text) + 3


@pytest.mark.timeout(PATIENCE)
def test_the_time_grows_with_the_length_of_the_source_only() -> None:
    assert {clean(Piece(run), "Hello!") for run in RUNS} == {"Hello!"}
