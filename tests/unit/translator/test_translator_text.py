"""Long texts are cut into sentences, and nothing but the sentences changes."""

from collections.abc import Sequence

import pytest

from translator.text import LONGEST, clean, split, translate_text


def unchanged(sentences: Sequence[str]) -> list[str]:
    return list(sentences)


def sentences(text: str) -> list[str]:
    return [sentence for line in split(text) for sentence in line.sentences]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好吗？我很好！再见。", ["你好吗？", "我很好！", "再见。"]),
        ("真的？！太好了。", ["真的？！", "太好了。"]),
        ("你好吗?我很好!", ["你好吗?", "我很好!"]),
        ("他说：“你好。”然后走了。", ["他说：“你好。”", "然后走了。"]),
        ("价格是3.14元。", ["价格是3.14元。"]),
        ("见 a.b/?q=1 处。", ["见 a.b/?q=1 处。"]),
        ("First one. Second one.", ["First one.", "Second one."]),
        ("没有句号", ["没有句号"]),
        ("  你好。  ", ["你好。"]),
        (" \t ", []),
    ],
)
def test_a_line_is_cut_where_its_sentences_end(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    ["一。\n二。", "一。\r\n二。\r三。\n", "\n\n一。\n\n\n二。\n", "    一。\n\t二。", "", "\n"],
)
def test_line_breaks_blank_lines_and_indentation_survive(text: str) -> None:
    assert translate_text(text, unchanged) == text


def test_sentences_of_one_line_are_joined_with_spaces() -> None:
    assert translate_text("一。二。\n三。", lambda s: ["X."] * len(s)) == "X. X.\nX."


def test_all_sentences_are_translated_in_one_call() -> None:
    calls: list[Sequence[str]] = []

    def record(sentences: Sequence[str]) -> list[str]:
        calls.append(sentences)
        return list(sentences)

    translate_text("一。二。\n\n三。", record)
    assert calls == [["一。", "二。", "三。"]]


def test_a_long_sentence_is_cut_at_its_last_comma_that_fits() -> None:
    assert sentences("今" * 20 + "，" + "天" * 20) == ["今" * 20 + "，", "天" * 20]


@pytest.mark.parametrize("text", ["哈" * 5000, "，" * 5000, "好，" * 2500, "!" * 5000 + "a"])
def test_no_sentence_is_longer_than_the_model_can_bear(text: str) -> None:
    pieces = sentences(text)
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= LONGEST


@pytest.mark.parametrize("text", ["😀", "———", "？！", "👩‍👩‍👧 ✨"])
def test_what_holds_no_words_is_kept_and_not_translated(text: str) -> None:
    assert translate_text(text, lambda s: ["never"] * len(s)) == text


def test_unwritable_characters_are_dropped() -> None:
    assert clean("一\x00\x1b\ud800二\t\r\n\u200d😀") == "一二\t\r\n\u200d😀"
