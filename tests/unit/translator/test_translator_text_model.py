"""What the real model says, through the whole pipeline."""

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from translator.engines.protocol import Engine
from translator.text import translate_texts

DATASETS = Path(__file__).parents[3] / "pipelines" / "datasets"
BATCH = 16
TOKEN = re.compile(r"</?(?:s|unk|pad)>|[▁⁇\ufffd]|[\x00-\x1f]")


@pytest.fixture(scope="session")
def translate(engine: Engine) -> Callable[[Sequence[str]], list[str]]:
    """What the pipeline calls: the engine's raw outputs."""

    def run(pieces: Sequence[str]) -> list[str]:
        encoded = [engine.encode(piece) for piece in pieces]
        batches = [encoded[start : start + BATCH] for start in range(0, len(encoded), BATCH)]
        return [output.text for batch in batches for output in engine.translate(batch)]

    return run


def read_sources(name: str) -> list[str]:
    with (DATASETS / name).open(encoding="utf-8", newline="") as file:
        return [row["source"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


@pytest.fixture(scope="session", params=["shop.tsv", "everyday.tsv"])
def translations(
    request: pytest.FixtureRequest, translate: Callable[[Sequence[str]], list[str]]
) -> list[tuple[str, str]]:
    """300 sources at most, each with its translation."""
    sources = read_sources(request.param)[:300]
    assert len(sources) >= 200
    return list(zip(sources, translate_texts(sources, translate), strict=True))


def test_no_special_token_is_said(translations: list[tuple[str, str]]) -> None:
    assert [pair for pair in translations if TOKEN.search(pair[1])] == []


def test_what_ends_with_a_mark_ends_with_one_in_english(translations: list[tuple[str, str]]) -> None:
    marked = [pair for pair in translations if re.search(r"[。！？.!?][”’）]*$", pair[0])]
    assert len(marked) > 190
    assert [pair for pair in marked if not re.search(r"[.!?][\"')]*$", pair[1])] == []


def test_every_translation_begins_with_a_capital(translations: list[tuple[str, str]]) -> None:
    assert [pair for pair in translations if not re.match(r"[\"'(]*[A-Z0-9]", pair[1])] == []


def test_no_translation_has_spaces_where_english_has_none(translations: list[tuple[str, str]]) -> None:
    assert [pair for pair in translations if re.search(r"\s[,.!?;:]|\s\s|^\s|\s$", pair[1])] == []


def test_no_translation_is_chinese_or_out_of_proportion(translations: list[tuple[str, str]]) -> None:
    assert [pair for pair in translations if re.search(r"[\u4e00-\u9fff]", pair[1])] == []
    assert [pair for pair in translations if len(pair[1]) > 40 + 12 * len(pair[0])] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("这是一段测试文本。", "This is a test text."),
        (
            "  这是一段测试文本。\n\n🎉 这是一段测试文本。",
            "  This is a test text.\n\n🎉 This is a test text.",
        ),
        ("1、这是一段测试文本。", "1. This is a test text."),
        ("https://example.com/a?b=1", "https://example.com/a?b=1"),
    ],
)
def test_a_text_is_translated_around_what_is_no_language(
    text: str, expected: str, translate: Callable[[Sequence[str]], list[str]]
) -> None:
    assert translate_texts([text], translate) == [expected]


@pytest.mark.parametrize(
    "text",
    ["<unk>你", "你好</s>再见", "<pad> <s>好", "龘龘龘", "🀄好", "\ufffd好", "\ufdfa" * 20 + "好", "哈" * 99],
)
def test_a_strange_text_is_said_without_special_tokens(
    text: str, translate: Callable[[Sequence[str]], list[str]]
) -> None:
    (translation,) = translate_texts([text], translate)
    assert translation.strip()
    assert not TOKEN.search(translation)


def test_what_makes_the_model_loop_has_no_loop(translate: Callable[[Sequence[str]], list[str]]) -> None:
    text, loop = "红黄蓝绿青紫黑白灰", re.compile(r"\b(\w+)(?:\W+\1\b){3}")
    assert loop.search(translate([text])[0]), "this text shows nothing any more; find another"
    assert not loop.search(translate_texts([text], translate)[0])


def test_a_table_stays_a_table(translate: Callable[[Sequence[str]], list[str]]) -> None:
    (table,) = translate_texts(["姓名\t年龄\n小明\t18\n| 苹果 | 3.50元 |"], translate)
    assert re.fullmatch(r"[^\t\n]+\t[^\t\n]+\n[^\t\n]+\t18\n\| [^|]+ \| [^|]+ \|", table)
