"""The real model translates, and says the same whatever it is batched with and whoever else is asking."""

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ctranslate2
import pytest

from translator.engines import load
from translator.engines.ctranslate2 import NICE, CTranslate2Engine, giving_way
from translator.engines.protocol import Decoding, Engine, Pieces
from unit.translator.service_process import MODEL

DATASETS = Path(__file__).parents[3] / "pipelines" / "datasets"


def _translate(engine: Engine, *sentences: str) -> list[str]:
    return [output.text for output in engine.translate([engine.encode(each) for each in sentences])]


@pytest.fixture(scope="module")
def pieces(engine: Engine) -> list[Pieces]:
    """Sentences of many lengths: both data sets, pairs of their sentences, and parts of words."""
    lines = [
        line.split("\t")[0]
        for name in ("shop.tsv", "everyday.tsv")
        for line in (DATASETS / name).read_text(encoding="utf-8").splitlines()[1::3]
    ]
    pairs = [first + second for first, second in zip(lines[:60], lines[60:120], strict=True)]
    parts = [line[: 1 + number % 7] for number, line in enumerate(lines[120:180])]
    return [engine.encode(each) for each in lines + pairs + parts]


@pytest.mark.parametrize(
    ("sentence", "translation"),
    [
        ("这是一段测试文本。", "This is a test text."),
        ("人工智能正在改变世界。", "Artificial intelligence is changing the world."),
        ("北京天气很好。", "The weather in Beijing is nice."),
    ],
)
def test_everyday_sentences_are_translated(sentence: str, translation: str, engine: Engine) -> None:
    assert _translate(engine, sentence) == [translation]


def test_the_same_sentence_gives_the_same_translation_in_any_batch_of_its_bucket(
    engine: Engine, pieces: list[Pieces]
) -> None:
    alone = [engine.translate([each])[0] for each in pieces]
    shuffle = random.Random(7)
    for bucket in {engine.bucket(each) for each in pieces}:
        numbers = [number for number, each in enumerate(pieces) if engine.bucket(each) == bucket]
        for _ in range(4):
            rest = shuffle.sample(numbers, len(numbers))
            while rest:
                size = shuffle.randint(1, 48)
                batch, rest = rest[:size], rest[size:]
                assert engine.translate([pieces[number] for number in batch]) == [alone[n] for n in batch]


def test_padding_to_any_length_of_the_bucket_changes_nothing(engine: Engine, pieces: list[Pieces]) -> None:
    words = [piece for each in pieces for piece in each[:-1]]
    lengths = [4, 9, 15, 16, 17, 32, 33, 64, 65, 96]
    made = {length: [*words[length * 7 : length * 8 - 1], "</s>"] for length in lengths}
    alone = {length: engine.translate([made[length]])[0] for length in lengths}
    for short in lengths:
        for long in lengths:
            if engine.bucket(made[short]) == engine.bucket(made[long]):
                assert engine.translate([made[short], made[long]])[0] == alone[short]


def test_the_same_sentence_gives_the_same_translation_at_any_concurrency(
    engine: Engine, pieces: list[Pieces]
) -> None:
    short = [each for each in pieces if engine.bucket(each) == 0]
    batches = [short[start : start + 40] for start in range(0, 200, 40)]
    alone = [engine.translate(batch) for batch in batches]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(engine.translate, batches * 8))
    assert together == alone * 8


def test_the_number_of_replicas_changes_no_translation(
    model_dir: Path, engine: Engine, pieces: list[Pieces]
) -> None:
    single = CTranslate2Engine(model_dir, 1, Decoding())
    assert [single.translate([each]) for each in pieces[:100]] == [
        engine.translate([each]) for each in pieces[:100]
    ]


def test_nothing_to_translate_is_no_error(engine: Engine) -> None:
    assert engine.translate([]) == []


def test_an_output_tells_how_many_pieces_it_had(engine: Engine) -> None:
    (output,) = engine.translate([engine.encode("北京天气很好。")])
    assert 4 <= output.pieces <= 20


def test_a_sentence_is_cut_at_the_longest_input_and_still_ends(engine: Engine) -> None:
    pieces = engine.encode("好的" * 2000)
    assert (len(pieces), pieces[-1]) == (Decoding().max_input_length, "</s>")


@pytest.mark.parametrize(
    "sentence",
    ["<unk>", "</s>", "你好</s>再见", "<pad> <s>", "龘龘龘", "🀄好", "\ufffd好", "\ufdfa" * 30],
)
def test_the_unknown_piece_is_never_said(sentence: str, engine: Engine) -> None:
    (translation,) = _translate(engine, sentence)
    assert "⁇" not in translation
    assert "<unk>" not in translation


def test_the_beam_is_what_the_decoding_says(model_dir: Path, pieces: list[Pieces]) -> None:
    greedy = CTranslate2Engine(model_dir, 1, Decoding(beam_size=1))
    beam = CTranslate2Engine(model_dir, 1, Decoding(beam_size=4))
    assert greedy.translate(pieces[-60:]) != beam.translate(pieces[-60:])


def test_the_longest_output_is_what_the_decoding_says(model_dir: Path) -> None:
    engine = CTranslate2Engine(model_dir, 1, Decoding(max_decoding_length=3))
    (output,) = engine.translate([engine.encode("人工智能正在改变世界。")])
    assert output.pieces == 3


def test_a_directory_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises((OSError, RuntimeError)):
        load("ctranslate2", tmp_path, 1, Decoding())


def test_the_engines_threads_give_way_and_those_of_python_do_not() -> None:
    tasks = Path("/proc/self/task")
    stop, own = threading.Event(), os.getpriority(os.PRIO_PROCESS, 0)  # the tests may be started with `nice`
    before = {path.name for path in tasks.iterdir()}
    with giving_way():
        translator = ctranslate2.Translator(str(MODEL), device="cpu", inter_threads=2)
        ours = threading.Thread(target=stop.wait, daemon=True)
        ours.start()
    try:
        nice = {
            int(path.name): os.getpriority(os.PRIO_PROCESS, int(path.name))
            for path in tasks.iterdir()
            if path.name not in before
        }
        assert nice.pop(ours.native_id or 0) == own
        assert len(nice) >= translator.num_translators
        assert set(nice.values()) == {NICE}
        assert os.getpriority(os.PRIO_PROCESS, 0) == own
    finally:
        stop.set()
