"""A text that holds a word of the operator's list is recognised, and the word is named."""

import random
from pathlib import Path

import pytest
from hypothesis import given

from translator.text.blocked import BlockedWords
from unit.translator.translator_texts import PATIENCE, RUNS, texts, thorough


def blocked(directory: Path, *lines: str) -> BlockedWords:
    path = directory / "blocked.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return BlockedWords.read(path)


def test_without_a_file_nothing_is_blocked() -> None:
    assert BlockedWords.read(None).find("敏感词") is None


def test_comments_and_blank_lines_are_no_words(tmp_path: Path) -> None:
    words = blocked(tmp_path, "\ufeff# a list", "", "  # more", "  敏感词  ", "c#")
    assert words.find("# a list # more") is None
    assert words.find("这是敏感词。") == "敏感词"
    assert words.find("I like C#.") == "c#"


@pytest.mark.parametrize("text", ["他去class", "assess", "a glass", "ass1", "Straßass"])
def test_a_latin_word_is_not_found_in_another(text: str, tmp_path: Path) -> None:
    assert blocked(tmp_path, "ass").find(text) is None


@pytest.mark.parametrize("text", ["ass", "ASS!", "你ass好", "(ass)", "an ass, too", "ass_", "class ass"])
def test_a_latin_word_is_found_where_it_stands_alone(text: str, tmp_path: Path) -> None:
    assert blocked(tmp_path, "Ass").find(text) == "Ass"


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("敏感", "这是敏感词"),
        ("カツ", "トンカツ"),
        ("나쁜", "가나쁜말"),
        ("T恤", "一件t恤衫"),
        ("卡拉OK", "去卡拉ok吧"),
        ("🖕", "你🖕好"),
    ],
)
def test_a_word_of_a_script_without_blanks_is_found_anywhere(word: str, text: str, tmp_path: Path) -> None:
    assert blocked(tmp_path, word).find(text) == word


def test_a_mixed_word_keeps_the_borders_of_its_latin_part(tmp_path: Path) -> None:
    assert blocked(tmp_path, "卡拉OK").find("去卡拉Okinawa") is None


@pytest.mark.parametrize(
    "text",
    [
        "敏\u200b感",
        "敏\u200d感",
        "敏\ufe0f感",
        "敏\xad感",
        "敏\u2060感",
        "敏\u034f感",
        "敏\x00感",
        "敏\u17b4感",
        "敏\u17b5感",
    ],
)
def test_invisible_characters_hide_no_word(text: str, tmp_path: Path) -> None:
    assert blocked(tmp_path, "敏感").find(text) == "敏感"


@pytest.mark.parametrize(
    "blank", [" ", "\n", "\r\n", "\t", "\u3000", "\xa0", "\u2028", "\u2800", " \n\u200b "]
)
def test_a_blank_or_line_break_hides_no_chinese_word(blank: str, tmp_path: Path) -> None:
    assert blocked(tmp_path, "坏词").find(f"一个坏{blank}词。") == "坏词"


def test_the_blanks_of_a_listed_chinese_phrase_do_not_count(tmp_path: Path) -> None:
    assert blocked(tmp_path, "坏 词").find("坏词") == "坏 词"


def test_a_blank_between_other_words_still_divides_them(tmp_path: Path) -> None:
    assert blocked(tmp_path, "badword").find("bad word") is None
    assert blocked(tmp_path, "나쁜말").find("나쁜 말") is None


@pytest.mark.parametrize(
    "text",
    [
        "bad word",
        "BAD  WORD",
        "ｂａｄ\u3000ｗｏｒｄ",
        "bad\nword",
        "bad\u2800word",
        "𝐁𝐚𝐝 𝐰𝐨𝐫𝐝",
        "so bad word!",
    ],
)
def test_a_phrase_is_found_in_every_spelling(text: str, tmp_path: Path) -> None:
    assert blocked(tmp_path, "Bad Word").find(text) == "Bad Word"


@pytest.mark.parametrize(("listed", "text"), [("é", "e\u0301"), ("e\u0301", "é"), ("STRASSE", "straße")])
def test_list_and_text_are_spelt_the_same_way_first(listed: str, text: str, tmp_path: Path) -> None:
    assert blocked(tmp_path, listed).find(text) == listed


def test_the_first_word_of_the_text_is_named(tmp_path: Path) -> None:
    assert blocked(tmp_path, "甲乙", "丙", "乙丁").find("乙甲乙丁丙") == "甲乙"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.txt cannot be read: No such file or directory\."):
        BlockedWords.read(tmp_path / "nowhere.txt")


def test_a_directory_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be read: Is a directory\."):
        BlockedWords.read(tmp_path)


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "blocked.txt"
    path.write_bytes("一\n二\n".encode() + "三".encode("gb18030"))
    with pytest.raises(ValueError, match=r"blocked\.txt, line 3: this is not UTF-8\."):
        BlockedWords.read(path)


def test_a_word_that_nobody_can_see_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"blocked\.txt, line 2: this word has no visible character\."):
        blocked(tmp_path, "一", "\u200b")


@thorough
@given(texts)
def test_a_text_is_found_in_itself_or_has_nothing_to_find(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    words = BlockedWords({"汤": "汤", "好你": "好 你"})
    assert (words.find(text) is not None) >= ("汤" in text)
    assert words.find(text) in (None, "汤", "好 你")


@pytest.mark.timeout(PATIENCE)
def test_the_time_grows_with_neither_list_nor_text_out_of_hand() -> None:
    choose = random.Random(3)
    listed = [
        "".join(choose.choices("甲乙丙丁戊己庚辛abc", k=choose.randint(3, 9))) + "龘" for _ in range(10_000)
    ]
    listed += ["a" * length for length in range(2, 20)]
    words = BlockedWords({word: word for word in listed})
    assert [run[:20] for run in RUNS if words.find("好" + run) not in (None, "aa")] == []
    assert words.find("甲乙" * 50_000 + listed[0]) is not None
