"""Texts are taken apart, translated in one call, and put together again."""

from collections.abc import Sequence

import pytest
from hypothesis import given

from translator import text as pipeline
from translator.text import translate_texts
from translator.text.characters import normalise
from translator.text.clean import clean
from translator.text.sentences import Piece, split
from unit.translator.translator_texts import PATIENCE, RUNS, texts, thorough


def say(output: str, text: str) -> str:
    """The translation by a model that says the same to everything."""
    return translate_texts([text], lambda pieces: [output] * len(pieces))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一。\n二。", "X.\nX."),
        ("一。\r\n二。\r三。\n", "X.\r\nX.\rX.\n"),
        ("\n\n一。\n\n\n二。\n", "\n\nX.\n\n\nX.\n"),
        ("    一。\n\t二。", "    X.\n\tX."),
        ("　　一。  \n", "　　X.  \n"),
        ("一。\u2028二。", "X.\u2028X."),
        ("一。  二。", "X.  X."),
        ("", ""),
        ("\n", "\n"),
        (" \t", " \t"),
    ],
)
def test_line_breaks_blank_lines_and_other_blanks_survive(text: str, expected: str) -> None:
    assert say("X", text) == expected


def test_sentences_of_one_line_are_joined_with_spaces() -> None:
    assert say("x", "一。二！三") == "X. X! X"


def test_the_parts_of_a_long_sentence_become_one_sentence_again() -> None:
    text = "今天的天气真的非常好，所以我们想去公园里散步，你想不想和我们一起去？"
    answers = {"今": "The weather is nice.", "所": "So we want a walk", "你": "Do you want to come."}
    (translation,) = translate_texts([text], lambda pieces: [answers[piece[0]] for piece in pieces])
    assert translation == "The weather is nice, so we want a walk, do you want to come?"


def test_all_pieces_of_all_texts_are_translated_in_one_call() -> None:
    calls: list[Sequence[str]] = []

    def count(pieces: Sequence[str]) -> list[str]:
        calls.append(pieces)
        return [f"Number {number}" for number, _ in enumerate(pieces)]

    assert translate_texts(["一。二。\n\n三。", "OK", "", "四"], count) == [
        "Number 0. Number 1.\n\nNumber 2.",
        "OK",
        "",
        "Number 3",
    ]
    assert calls == [["一。", "二。", "三。", "四"]]


@pytest.mark.parametrize(
    "text",
    [
        "😀",
        "———",
        "？！",
        "👩‍👩‍👧 ✨",
        "3.14",
        "https://a.com/b?c=1。",
        "1、Apple\n2、OK。",
        "Hello.World",
        "“Hi！” (a,b)",
    ],
)
def test_what_holds_nothing_chinese_is_kept_and_not_translated(text: str) -> None:
    def never(pieces: Sequence[str]) -> list[str]:
        raise AssertionError(pieces)

    assert translate_texts([text, text], never) == [text, text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请看（https://a.com/b）。谢谢！", "X (https://a.com/b). X!"),
        ("写信给a@b.com，谢谢。", "X a@b.com, X."),
        ("太好了！🎉🎉", "X! 🎉🎉"),
        ("😀你好", "😀 X"),
        ("我吃了🍎🍌。", "X 🍎🍌."),
        ("1、你好。\n2、OK\n3、\n你好", "1. X.\n2、OK\n3、\nX"),
        ("（1）你好。", "(1) X."),
        ("- 你好", "- X"),
    ],
)
def test_what_is_kept_fits_into_the_english_around_it(text: str, expected: str) -> None:
    assert say("X", text) == expected


@pytest.mark.parametrize("nothing", ["", " ", "</s>", "⁇ .", "\x00"])
def test_what_the_model_has_no_word_for_stays_as_it_is(nothing: str) -> None:
    assert say(nothing, "你好。\n再见！") == "你好。\n再见！"


def test_the_same_answer_to_the_same_piece_is_cleaned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned: list[tuple[Piece, str]] = []

    def count(piece: Piece, output: str) -> str:
        cleaned.append((piece, output))
        return clean(piece, output)

    monkeypatch.setattr(pipeline, "clean_output", count)
    answers = iter(["One", "One", "1"])
    assert translate_texts(["一。一。", "一。"], lambda pieces: [next(answers) for _ in pieces]) == [
        "One. One.",
        "1.",
    ]
    assert cleaned == [(Piece("一。"), "One"), (Piece("一。"), "1")]


def test_an_address_with_chinese_in_it_is_kept() -> None:
    assert say("X", "请访问https://example.com/路径?q=1。") == "X https://example.com/路径?q=1."


def test_a_model_that_answers_too_little_is_an_error() -> None:
    with pytest.raises(ValueError):
        translate_texts(["一。二。"], lambda _: ["One."])


@thorough
@given(texts)
def test_a_model_that_says_nothing_changes_nothing_but_spaces_and_marks(text: str) -> None:
    assert [c for c in say("", text) if c.isalnum()] == [c for c in text if c.isalnum()]


@thorough
@given(texts)
def test_every_line_of_the_text_is_a_line_of_the_translation(text: str) -> None:
    lines = normalise(text).splitlines(keepends=True)
    translated = say("x", normalise(text)).splitlines(keepends=True)
    assert len(translated) == len(lines)
    assert [not line.strip() for line in translated] == [not line.strip() for line in lines]


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE)
def test_the_time_grows_with_the_length_only() -> None:
    for run in RUNS[::4]:  # the parts of the pipeline meet all of them in their own tests
        said = say("zebra", run)
        assert said.count("\n") == run.count("\n")
        assert said.casefold().count("zebra") == sum(not piece.kept for piece in split(run).pieces)
