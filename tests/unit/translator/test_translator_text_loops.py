"""What a model says again and again is cut; what people say again, and every number, stays."""

import pytest

from translator.text.loops import cut_loops
from unit.translator.translator_texts import PATIENCE, RUNS

SOURCE = "你好。"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("It is good good good good.", "It is good."),
        ("I like apples, apples, apples, apples and pears.", "I like apples and pears."),
        ("The cat, the cat, The cat sleeps.", "The cat sleeps."),
        ("a b c d e f g h " * 3, "a b c d e f g h"),
        ("He and she and she and she and", "He and she"),
        ("one two one two one two one", "one two"),
        ("a a a b a a a b a a a b", "a a a b"),
        ("a b b b b a b a b", "a b"),
    ],
)
def test_a_loop_is_cut_to_one_copy(output: str, expected: str) -> None:
    assert cut_loops(SOURCE, output) == expected


@pytest.mark.parametrize(
    "output",
    ["It is very very good.", "Bye bye.", "Ha ha", "no, no", "a b c d e f g h i " * 3, "good goods good"],
)
def test_doubles_and_what_is_no_loop_stay(output: str) -> None:
    assert cut_loops(SOURCE, output) == output.strip()


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("他喊了三次加油。", "He shouted go, go, go."),
        ("他连说三声谢谢。", "He said thanks, thanks, thanks."),
        ("我爱苹果。", "I love apples, apples, apples and pears."),
    ],
)
def test_a_word_may_be_said_three_times(source: str, output: str) -> None:
    assert cut_loops(source, output) == output


@pytest.mark.parametrize(
    "output",
    [
        "5 5 5",
        "5 5 5 5 5 5 5",
        "No. 1, No. 1, No. 1, No. 1",
        "100, 100, 100, 100",
        "五5 五5 五5 五5",
        "２ ２ ２ ２",
    ],
)
def test_copies_that_hold_a_digit_are_never_cut(output: str) -> None:
    assert cut_loops("三个5", output) == output


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        ("1 1 1 1", "1 1 1 1", "1 1 1 1"),
        ("哈哈哈！", "Ha ha ha!", "Ha ha ha!"),
        ("苹果，苹果，苹果。", "Apple, apple, apple.", "Apple, apple, apple."),
        ("快快快", "Quick, quick, quick, quick, quick", "Quick, quick, quick"),
        ("谢谢", "Thanks thanks thanks thanks", "Thanks thanks"),
        ("谢谢", "Thanks thanks", "Thanks thanks"),
    ],
)
def test_what_the_source_repeats_may_be_repeated_as_often(source: str, output: str, expected: str) -> None:
    assert cut_loops(source, output) == expected


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE)
def test_the_time_grows_with_the_length_only() -> None:
    for word in ["a ", "a b c d e f g h ", "a b a c ", "1 ", "a a a b "]:
        assert cut_loops("哈" * 9, word * 20_000).startswith(word.strip())
    assert {cut_loops(run, "no no no no") for run in RUNS} == {"no", "no no no no"}
