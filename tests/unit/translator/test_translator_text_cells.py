"""A table stays a table: what stands between its cells is kept as it is."""

from collections.abc import Sequence

import pytest

from translator.text import translate_texts
from translator.text.sentences import split


def echo(pieces: Sequence[str]) -> list[str]:
    return [f"<{piece}>" for piece in pieces]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("姓名\t年龄\t城市\n小明\t18\t北京", "<姓名>\t<年龄>\t<城市>\n<小明>\t18\t<北京>"),
        ("姓名\t\t年龄\t\n", "<姓名>\t\t<年龄>\t\n"),
        ("姓名  年龄", "<姓名>  <年龄>"),
        ("姓名 \t 年龄", "<姓名> \t <年龄>"),
        ("姓名\u3000\u3000年龄", "<姓名>\u3000\u3000<年龄>"),
        ("| 苹果 | 3.50元 |", "| <苹果> | <3.50元> |"),
        ("|苹果|梨|\n|:--|--:|\n||桃|", "|<苹果>|<梨>|\n|:--|--:|\n||<桃>|"),
        ("苹果 | 梨", "<苹果> | <梨>"),
        ("首页｜新闻", "<首页>｜<新闻>"),
    ],
)
def test_what_stands_between_cells_is_kept(text: str, expected: str) -> None:
    assert translate_texts([text], echo) == [expected]


@pytest.mark.parametrize("text", ["姓名 年龄", "姓名\u3000年龄", "苹果\\|梨"])
def test_one_blank_or_an_escaped_bar_is_no_border(text: str) -> None:
    assert [piece.text for piece in split(text).pieces] == [text]


def test_a_cell_is_a_sentence_of_its_own() -> None:
    assert [(piece.opens, piece.closes) for piece in split("姓名\t年龄，|好。  3、").pieces] == [
        (True, True)
    ] * 4


def test_the_sentences_of_a_cell_are_cut() -> None:
    assert translate_texts(["| 一。二。 | 1. 三 |"], echo) == ["| <一.>. <二.>. | 1. <三> |"]


@pytest.mark.parametrize("text", ["|", "| |", "||\n||", "|---|", "\t|\t"])
def test_a_table_without_words_is_kept(text: str) -> None:
    assert translate_texts([text], echo) == [text]
