"""Texts are cut where sentences end, and nothing of them is lost."""

import pytest
from hypothesis import given

from translator.text.characters import normalise
from translator.text.sentences import COMFORTABLE, LONGEST, Piece, split
from unit.translator.translator_texts import PATIENCE, RUNS, texts, thorough


def pieces(text: str) -> list[str]:
    return [piece.text for piece in split(text).pieces]


def joined(text: str) -> str:
    passage = split(text)
    return passage.lead + "".join(piece.text + piece.after for piece in passage.pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好吗？我很好！再见。", ["你好吗？", "我很好！", "再见。"]),
        ("真的？！太好了。", ["真的？！", "太好了。"]),
        ("你好吗?我很好!", ["你好吗?", "我很好!"]),
        ("你好。。。再见", ["你好。。。", "再见"]),
        ("没有句号", ["没有句号"]),
        ("  你好。  ", ["你好。"]),
        (" \t ", []),
        ("", []),
        ("一行\n两行", ["一行", "两行"]),
    ],
)
def test_a_line_is_cut_where_its_sentences_end(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他说：“你好。”然后走了。", ["他说：“你好。”", "然后走了。"]),
        ('他说:"你好。再见。" 然后走了。', ['他说:"你好。', '再见。"', "然后走了。"]),
        ('你好。"再见。"', ["你好。", '"再见。"']),
        ("（真的吗？）是的。", ["（真的吗？）", "是的。"]),
        ("“好！”，他说。", ["“好！”，他说。"]),
        ("《你好！》很好看。", ["《你好！》", "很好看。"]),
    ],
)
def test_closing_quotes_and_brackets_stay_with_their_sentence(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("价格是3.14元。", ["价格是3.14元。"]),
        ("见 a.b/?q=1 处。", ["见 a.b/?q=1 处。"]),
        ("我很好.你呢?", ["我很好.", "你呢?"]),
        ("我很好. 你呢?", ["我很好.", "你呢?"]),
        ("第1. 条", ["第1. 条"]),
        ("等等……我想想。", ["等等……我想想。"]),
        ("等等...我想想。", ["等等...我想想。"]),
        ("我不知道…… 再见", ["我不知道……", "再见"]),
        ("你好.", ["你好."]),
        ("First one. Second one.", ["First one.", "Second one."]),
    ],
)
def test_dots_end_a_sentence_only_where_one_can_end(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请看https://a.com/b?c=1你。", ["请看", "https://a.com/b?c=1", "你。"]),
        ("请看 http://a.com/b。谢谢！", ["请看", "http://a.com/b。", "谢谢！"]),
        ("请看（www.a.com），谢谢。", ["请看", "（www.a.com），", "谢谢。"]),
        ("写信给a.b@c.com。谢谢！", ["写信给", "a.b@c.com。", "谢谢！"]),
        ("我吃了🍎和🍌。", ["我吃了", "🍎", "和", "🍌。"]),
        ("太好了！🎉🎉", ["太好了！", "🎉🎉"]),
        ("一家👩‍👩‍👧人❤️好", ["一家", "👩‍👩‍👧", "人", "❤️", "好"]),
        ("按1️⃣键", ["按", "1️⃣", "键"]),
    ],
)
def test_addresses_and_emoji_are_pieces_of_their_own(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请访问https://example.com/路径?q=1。", ["请访问", "https://example.com/路径?q=1。"]),
        ("见https://a.com/wiki/北京_(市) 吧", ["见", "https://a.com/wiki/北京_(市)", "吧"]),
        ("见https://a.com/路径,然后走", ["见", "https://a.com/路径,", "然后走"]),
        ("（https://a.com/路径）很好", ["（https://a.com/路径）", "很好"]),
        ("见https://a.com/b.html查看", ["见", "https://a.com/b.html", "查看"]),
        ("https://中国.cn/，你好", ["https://中国.cn/，", "你好"]),
    ],
)
def test_chinese_in_the_path_of_an_address_belongs_to_it(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_an_address_is_kept_whole_however_long_its_chinese_path_is() -> None:
    address = "https://example.com/" + "路径/" * LONGEST
    passage = split(f"请看{address} 。")
    assert [(piece.text, piece.kept) for piece in passage.pieces][:2] == [("请看", False), (address, True)]


@pytest.mark.parametrize(
    "text",
    [
        "史密斯先生（Mr. Smith）来了。",
        "在Mrs. Wang家。",
        "Ms. 李和Dr. 王来了。",
        "去St. Louis玩。",
        "房间No. 5很大。",
        "甲vs. 乙开始了。",
        "水果（e.g. 苹果）很好。",
        "水果（i.e. 苹果）很好。",
        "早上8 a.m. 开会。",
    ],
)
def test_an_abbreviation_does_not_end_a_sentence(text: str) -> None:
    assert pieces(text) == [text]


@pytest.mark.parametrize("word", ["OK", "Adr", "sno", "A", "Noo"])
def test_other_words_before_a_stop_do(word: str) -> None:
    assert pieces(f"他说{word}. 好") == [f"他说{word}.", "好"]


@pytest.mark.parametrize("marker", ["1.", "12)", "（3）", "(4)", "５、", "①", "•", "-", "*", "##", ">"])
def test_what_numbers_a_line_is_a_piece_of_its_own(marker: str) -> None:
    assert pieces(f"  {marker} 苹果。\n{marker} 香蕉") == [marker, "苹果。", marker, "香蕉"]


@pytest.mark.parametrize("text", ["3.5元太贵。", "1、2、3", "-5度。", "2026.年", "#标签"])
def test_what_only_looks_like_a_marker_is_not_cut_off(text: str) -> None:
    assert pieces(text) == [text]


def test_a_long_sentence_is_cut_between_its_clauses() -> None:
    assert pieces("今天天气真好，适合出去散步；我们走吧，一起去，好不好？") == [
        "今天天气真好，适合出去散步；",
        "我们走吧，一起去，好不好？",
    ]


@pytest.mark.parametrize(
    "text", ["今天天气真好，适合我们出去散步。", "今" * LONGEST, "三" + "百" * 11 + "1,000" + "元" * 13]
)
def test_what_the_model_can_bear_is_not_cut(text: str) -> None:
    assert pieces(text) == [text]


def test_a_clause_is_cut_only_when_it_is_too_long_by_itself() -> None:
    clause = "今" * (COMFORTABLE + 5)
    assert pieces(f"{clause}，{clause}，天。") == [f"{clause}，", f"{clause}，", "天。"]
    assert pieces("今" * (LONGEST + 5)) == ["今" * LONGEST, "今" * 5]


def test_a_clause_that_is_too_long_is_cut_between_its_words() -> None:
    assert pieces("今" * 25 + "、" + "天" * 20) == ["今" * 25 + "、", "天" * 20]
    assert pieces("今" * 25 + " " + "天" * 20) == ["今" * 25, "天" * 20]
    assert pieces("今" * 25 + "iPhone1000" + "天" * 20) == ["今" * 25, "iPhone1000" + "天" * 20]


def test_what_is_not_chinese_is_never_cut_for_its_length() -> None:
    assert pieces("a" * 100 + ", " + "b" * 100) == ["a" * 100 + ", " + "b" * 100]


def test_a_piece_knows_where_in_its_sentence_it_stands() -> None:
    clause = "今" * COMFORTABLE + "，"
    assert split(f"{clause} {clause}天。好。\n").pieces == (
        Piece(clause, " ", opens=True, closes=False),
        Piece(clause, "", opens=False, closes=False),
        Piece("天。", "", opens=False, closes=True),
        Piece("好。", "\n", opens=True, closes=True),
    )


def test_emoji_do_not_open_a_sentence_but_addresses_do() -> None:
    assert [piece.opens for piece in split("😀你好。").pieces] == [True, True]
    assert [piece.opens for piece in split("www.a.com很好。").pieces] == [True, False]


def test_the_marker_of_an_item_leaves_the_sentence_whole() -> None:
    assert [(piece.opens, piece.closes) for piece in split("1. 你好。").pieces] == [(True, True)] * 2


@pytest.mark.parametrize("text", ["", "3.14", "！？", "😀", "Hello.", "ＡＢ１", "こんにちは", "été"])
def test_what_holds_nothing_chinese_is_kept(text: str) -> None:
    assert all(piece.kept for piece in split(text).pieces)


@pytest.mark.parametrize("text", ["我", "A座", "〇", "𠀀", "100元"])
def test_what_holds_something_chinese_is_not_kept(text: str) -> None:
    assert [piece.kept for piece in split(text).pieces] == [False]


@thorough
@given(texts)
def test_nothing_is_lost(text: str) -> None:
    assert joined(text) == text


@thorough
@given(texts)
def test_a_piece_begins_and_ends_with_something_visible_within_one_line(text: str) -> None:
    for piece in split(normalise(text)).pieces:
        assert piece.text == piece.text.strip() != ""
        assert len(piece.text.splitlines()) == 1
        assert not piece.after.replace("|", "").replace("｜", "").strip()


@thorough
@given(texts)
def test_no_piece_is_longer_than_the_model_can_bear(text: str) -> None:
    assert all(piece.kept or len(piece.text) <= LONGEST for piece in split(text * 3).pieces)


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE)
def test_the_time_grows_with_the_length_only() -> None:
    assert [run[:20] for run in RUNS if joined(run) != run] == []
