"""Faults of single translations: each is found, and what only looks like one is not."""

from pathlib import Path

import pytest

from relctl.config.document import contents
from relctl.config.pipeline import DataSet, parse_data_set
from relctl.verify.gates.faults import count, find

DATA_SETS = sorted((Path(__file__).parents[3] / "pipelines" / "datasets").glob("*.tsv"))
SOURCE, REFERENCE = "今天天气真好。", "The weather is really nice today."


def load(path: Path) -> DataSet:
    return parse_data_set(path, contents(path))


@pytest.mark.parametrize(
    ("translation", "fault"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("The weather is <unk> today.", "special"),
        ("The weather is nice today.</s>", "special"),
        ("▁The weather is nice today.", "special"),
        ("The weather is nice \ufffd today.", "special"),
        ("The weather is ⁇ today.", "special"),
        ("The weather is <UNK> today.", "special"),
        ("The weather is [UNK] today.", "special"),
        ("<pad> The weather is nice today.", "special"),
        ("The <mask> is nice today.", "special"),
        ("The weather is nice today.<|endoftext|>", "special"),
        ("The <extra_id_0> is nice today.", "special"),
        (">>eng<< The weather is nice today.", "special"),
        ("The wea@@ ther is nice today.", "special"),
        ("The weather, the weather, the weather is nice.", "loop"),
        ("I do not know. I do not know. I do not know.", "loop"),
        ("The cat sat. The cat sat. The cat sat. The cat sat.", "loop"),
        ("It is. Nice! It is. Nice! It is. Nice!", "loop"),
        ("Nice weather... nice weather - “nice weather” today", "loop"),
        ("No. No. No. No. No, the weather is nice.", "loop"),
        ("The weather is nononononono today.", "loop"),
        ("The weatherweatherweather is nice.", "loop"),
        ("The cha-cha-cha-cha-cha-cha is nice.", "loop"),
        ("The weather is niceeeeeeeeeeeee today.", "loop"),
        ("The weather is nice . . . . . . . . . . . .", "loop"),
        ("今天天气真好今天天气真好今天天气真好", "loop"),
        ("It is nice and then and then and then and then.", "loop"),
        ("Nice.", "length"),
        ("The weather is nice today, " * 5, "length"),
    ],
)
def test_a_fault_is_found(translation: str, fault: str) -> None:
    assert fault in find(SOURCE, translation, REFERENCE)


@pytest.mark.parametrize(
    "translation",
    [
        "The weather is nice today.",
        "It's very, very nice weather today.",
        "Bye-bye, nice weather of today!",
        "No, no, no, the weather is nice.",
        "No! No! No, no, the weather is nice.",
        "Nice weather. Nice weather, I say.",
        "The weather got better and better and better.",
        "Over and over and over again, nice!",
        "Hahahaha, really nice weather today!",
        "The cha-cha-cha is nice weather today.",
        "Nooooo... the weather is nice today",
        "It is 1000000000000 degrees today...",
        "Is 3 < 4, and 5 > 4 today [see below]?",
        "Mail to: name@weather.org, a<b> today",
    ],
)
def test_what_only_looks_like_a_fault_is_none(translation: str) -> None:
    assert find(SOURCE, translation, REFERENCE) == []


def test_what_the_source_quotes_is_no_special_token() -> None:
    assert find("“<unk>”是什么？", "What is “<unk>”?", "What does “<unk>” mean?") == []


def test_what_the_reference_repeats_is_no_loop() -> None:
    assert find("快跑！快跑！快跑！", "Run! Run! Run!", "Run, run, run!") == []
    assert find("快跑！", "Run! Run! Run!", "Quick, run!") == ["loop"]


@pytest.mark.parametrize("path", DATA_SETS, ids=lambda path: path.stem)
def test_the_references_of_our_data_sets_have_no_fault(path: Path) -> None:
    data = load(path)
    rows = list(zip(data.sources, data.references, data.references, strict=True))
    assert len(rows) >= 200
    assert {fault: number for fault, number in count(rows).items() if number} == {}


@pytest.mark.parametrize(
    ("length", "odd"), [(29, True), (30, False), (100, False), (300, False), (301, True)]
)
def test_a_translation_may_have_a_third_to_three_times_the_length(length: int, odd: bool) -> None:
    assert ("length" in find(SOURCE, "x" * length, "y" * 100)) is odd


@pytest.mark.parametrize(
    ("source", "translation", "reference", "lost"),
    [
        ("他花了500块。", "He spent 500 yuan.", "He spent 500 yuan.", False),
        ("他花了500块。", "He spent money.", "He spent 500 yuan.", True),
        ("房租3000元。", "The rent is 3,000 yuan.", "The rent is 3000 yuan.", False),
        ("房租3000元。", "The rent is 3000 yuan.", "The rent is 3,000 yuan.", False),
        ("5月12日", "12 May", "May 12", False),
        ("2比1", "2 to 3", "2 to 1", True),
        ("房租3,000元。", "The rent is 3000 yuan.", "The rent is 3,000 yuan.", False),
        ("房租3,000元。", "The rent is high.", "The rent is 3,000 yuan.", True),
        ("房租3，000元。", "The rent is 3 yuan.", "The rent is 3000 yuan.", True),
        ("票价1,234,567元。", "It is 1234567 yuan.", "It is 1,234,567 yuan.", False),
        ("他花了３００块。", "He spent 300 yuan.", "He spent 300 yuan.", False),
        ("他花了３００块。", "He spent money.", "He spent 300 yuan.", True),
        ("2比2平。", "It ended 2 to 2.", "A draw, 2 to 2.", False),
        ("2比2平。", "It ended with 2.", "A draw, 2 to 2.", True),
        ("2比2平。", "It ended with a draw.", "It ended 2 all.", True),
        ("2比2平。", "It ended 2 all.", "It ended 2 all.", False),
        ("选1,2,3。", "Choose 1, 2, 3.", "Choose 1, 2 or 3.", False),
        ("有100,200和300。", "There are 100, 200 and 300.", "There are 100, 200 and 300.", False),
        ("面积120㎡。", "It is 120 square metres.", "It is 120 m².", False),
    ],
)
def test_numbers_are_lost_that_the_reference_has(
    source: str, translation: str, reference: str, lost: bool
) -> None:
    assert ("numbers" in find(source, translation, reference)) is lost


def test_faults_are_counted_by_translation() -> None:
    found = count(
        [(SOURCE, "", REFERENCE), (SOURCE, "The weather is nice today.", REFERENCE), (SOURCE, "", REFERENCE)]
    )
    assert found == {"empty": 2, "special": 0, "loop": 0, "length": 2, "numbers": 0}
