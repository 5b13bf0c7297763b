"""Judging a data set: faults, floors and margins, and the sentences that a person should read."""

import pytest

from relctl.config.gates import DataSetSettings, Fault, QualitySettings
from relctl.config.pipeline import DataSet
from relctl.verify.gates.quality import SHOWN, Judged, alone, beside, more_faults, most_changed, worst

ROWS = [f"the cat number {number} sat on the mat" for number in range(160)]
DATA = DataSet("data", tuple(ROWS), tuple(ROWS), "sum")


def chosen(**settings: object) -> DataSetSettings:
    return DataSetSettings.model_validate({"file": "data.tsv", **settings})


def quality(**margins: float) -> QualitySettings:
    return QualitySettings.model_validate(
        {"gate": "quality", "data_sets": [{"file": "data.tsv"}], "margins": margins}
    )


def said(*changed: str) -> list[str]:
    """The translations, the first ones changed."""
    return [*changed, *ROWS[len(changed) :]]


def test_what_is_as_it_should_be_has_no_fault() -> None:
    found = alone(DATA, ROWS, chosen(floors={"bleu": 100, "chrf": 100}))
    assert found.wrong == []
    assert found.right == ["data: BLEU 100.0, chrF 100.0, TER 0.0"]


@pytest.mark.parametrize(
    ("allowed", "wrong"), [({}, 1), ({"empty": 1}, 1), ({"empty": 2}, 0), ({"loop": 2}, 1)]
)
def test_so_many_faults_are_allowed_and_no_more(allowed: dict[str, int], wrong: int) -> None:
    lengths = {"length": 9, "numbers": 9}
    found = alone(DATA, said("", ""), chosen(allowed={**lengths, **allowed}))
    assert len(found.wrong) == wrong
    assert all("2 translations with fault empty" in words for words in found.wrong)


def test_a_single_fault_is_one_too_many() -> None:
    found = alone(DATA, said("the cat number 0 sat on the <unk> mat"), chosen())
    assert found.wrong == ["data: 1 translations with fault special, 0 allowed"]


def test_a_score_below_its_floor_is_named_with_both() -> None:
    translations = [row.replace("sat", "lay") for row in ROWS]
    found = alone(DATA, translations, chosen(floors={"bleu": 99, "chrf": 10}))
    [words] = found.wrong
    assert words.startswith("data: BLEU ")
    assert words.endswith(" is below 99")


def test_beside_the_live_release_a_drop_is_wrong_and_a_rise_is_right() -> None:
    worse = [row.replace("sat", "lay") for row in ROWS]
    dropped = beside(DATA, worse, ROWS, quality(chrf=1))
    assert dropped.right == []
    assert dropped.wrong[0].startswith("data: chrF -")
    assert dropped.figures["changed"] == len(ROWS)
    described = dropped.figures["against_live"]["chrF"]
    assert described["live"] == 100 > described["candidate"]
    assert described["difference"] == pytest.approx(described["candidate"] - 100, abs=0.002)
    risen = beside(DATA, ROWS, worse, quality(chrf=1))
    assert risen.wrong == []
    assert risen.right[0].startswith("data: chrF +")
    assert beside(DATA, ROWS, ROWS, quality(chrf=1)).figures["changed"] == 0


@pytest.mark.parametrize(
    ("candidate", "live", "words"),
    [
        ({"numbers": 12}, {"numbers": 2}, ["12 translations with fault numbers, live has 2"]),
        ({"numbers": 3}, {"numbers": 2}, ["3 translations with fault numbers, live has 2"]),
        ({"numbers": 2}, {"numbers": 2}, []),
        ({"numbers": 0}, {"numbers": 2}, []),
        (
            {"numbers": 0, "loop": 1},
            {"numbers": 9, "loop": 0},
            ["1 translations with fault loop, live has 0"],
        ),
        ({"empty": 1}, {}, ["1 translations with fault empty, live has 0"]),
        (
            {"empty": 2, "loop": 2},
            {"empty": 1, "loop": 1},
            ["2 translations with fault empty, live has 1", "2 translations with fault loop, live has 1"],
        ),
    ],
)
def test_no_fault_may_be_in_more_translations_than_live_has_it_in(
    candidate: dict[Fault, int], live: dict[Fault, int], words: list[str]
) -> None:
    assert more_faults(candidate, live) == words


def test_numbers_that_live_does_not_lose_are_wrong_however_many_are_allowed() -> None:
    def losing(lost: int) -> list[str]:
        return said(*(f"the cat number {number}0 sat on the mat" for number in range(lost)))

    allowed = chosen(allowed={"numbers": 12})
    assert alone(DATA, losing(12), allowed).wrong == []
    found = beside(DATA, losing(12), losing(2), quality(chrf=5))
    assert found.wrong == ["data: 12 translations with fault numbers, live has 2"]
    assert found.right[0].startswith("data: chrF ")
    assert found.figures["faults_of_live"]["numbers"] == 2
    assert beside(DATA, losing(2), losing(12), quality(chrf=5)).wrong == []


def test_more_faults_and_a_drop_are_both_told() -> None:
    found = beside(DATA, ["the cat number" for _ in ROWS], ROWS, quality(chrf=1))
    assert [words.split(":")[1].split(" ")[1] for words in found.wrong] == ["160", "chrF"]


def test_what_is_wrong_alone_and_beside_is_all_kept() -> None:
    both = Judged({"a": 1}, ["one"], ["x"]) + Judged({"b": 2}, ["two"], ["y"])
    assert (both.figures, both.wrong, both.right) == ({"a": 1, "b": 2}, ["one", "two"], ["x", "y"])


def test_the_worst_sentences_come_first() -> None:
    little, much = "the cat number 0 sat on the mats", "nothing of that at all"
    found = worst(ROWS, ROWS, said(little, much))
    assert [each["candidate"] for each in found] == [much, little]
    assert found[0]["chrf"] < found[1]["chrf"] < 100


def test_a_translation_that_is_as_the_reference_has_it_is_not_among_the_worst() -> None:
    assert worst(ROWS, ROWS, ROWS) == []
    assert len(worst(ROWS, ROWS, ["nothing of that", *ROWS[:-1]])) == SHOWN


def test_only_what_changed_is_shown_and_what_changed_most_first() -> None:
    little, much = "the cat number 0 sat on the mats", "nothing of that at all"
    found = most_changed(ROWS, ROWS, said(little, much), ROWS)
    assert [each["candidate"] for each in found] == [much, little]
    assert found[0]["chrf_change"] < found[1]["chrf_change"] < 0
