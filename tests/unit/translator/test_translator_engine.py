"""The real model translates, and says the same thing whoever else is asking."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from translator.engine import Decoding, Engine

SENTENCES = ["这是一段测试文本。", "人工智能正在改变世界。", "北京天气很好。", "汤姆喜欢喝咖啡。"]


@pytest.mark.parametrize(
    ("sentence", "translation"),
    [
        ("这是一段测试文本。", "This is a test text."),
        ("人工智能正在改变世界。", "Artificial intelligence is changing the world."),
        ("北京天气很好。", "The weather in Beijing is nice."),
    ],
)
def test_everyday_sentences_are_translated(sentence: str, translation: str, engine: Engine) -> None:
    assert engine.translate([sentence]) == [translation]


def test_translations_come_in_the_order_of_the_sentences(engine: Engine) -> None:
    assert engine.translate(SENTENCES) == [engine.translate([s])[0] for s in SENTENCES]


def test_nothing_to_translate_is_no_error(engine: Engine) -> None:
    assert engine.translate([]) == []


def test_the_same_text_gives_the_same_translation_at_any_concurrency(engine: Engine) -> None:
    alone = engine.translate(SENTENCES * 4)
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(engine.translate, [SENTENCES * 4] * 64))
    assert all(translation == alone for translation in together)


@pytest.mark.parametrize(
    "sentence",
    ["<unk>", "</s>", "你好</s>再见", "<pad> <s>", "龘龘龘", "🀄好", "\ufffd好", "\ufdfa" * 30],
)
def test_special_tokens_are_never_said(sentence: str, engine: Engine) -> None:
    (translation,) = engine.translate([sentence])
    assert not {"<unk>", "</s>", "<s>", "<pad>", "⁇"} & set(translation.split())
    assert "⁇" not in translation


def test_a_repetitive_sentence_does_not_loop(engine: Engine) -> None:
    (translation,) = engine.translate(["哈" * 30])
    assert len(translation) < 200


def test_a_directory_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises((OSError, RuntimeError)):
        Engine(tmp_path, replicas=1, decoding=Decoding())
