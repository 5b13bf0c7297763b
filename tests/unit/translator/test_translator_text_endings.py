"""A translation ends with the mark that its source ends with."""

import pytest

from translator.text.clean import end_as_source
from translator.text.sentences import Piece

FIRST = Piece("虽然今天下雨，", closes=False)
MIDDLE = Piece("但是我很高兴；", opens=False, closes=False)
LAST = Piece("我们去散步吧！", opens=False)


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        ("你好。", "Hello", "Hello."),
        ("你好！", "Hello", "Hello!"),
        ("你好吗？", "How are you", "How are you?"),
        ("你好!", "Hello", "Hello!"),
        ("我……", "I", "I…"),
        ("真的吗？！", "Really", "Really?!"),
        ("等等…… 真的吗?!", "Wait, really", "Wait, really?!"),
        ("真的吗！？", "Really!", "Really?!"),
        ("真的吗……？", "Really...", "Really?"),
        ("真的吗？", "Really?!", "Really?!"),
        ("真的吗？", "Really.", "Really?"),
        ("真的吗？", "Really!", "Really?"),
        ("太好了！", "Great.", "Great."),
        ("太好了。", "Great,.", "Great,."),
        ("你好。", "Hello,", "Hello."),
        ("你好。", "Hello!", "Hello!"),
        ("他说：“你好。”", 'He said, "Hello."', 'He said, "Hello."'),
        ("你好", "Hello", "Hello"),
        ("你好", "Hello.", "Hello."),
        ("你好：", "Hello:", "Hello:"),
    ],
)
def test_a_sentence_ends_as_its_source_does(source: str, output: str, expected: str) -> None:
    assert end_as_source(Piece(source), output) == expected


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        ("“你好！”", '"Hello"', '"Hello!"'),
        ("“你好！”", '"Hello,"', '"Hello!"'),
        ("“你好！”", '"Hello",', '"Hello!"'),
        ("“你好！”", "Hello", "Hello!"),
        ("“你好！”", "“Hello”", "“Hello!”"),
        ("你好？”", 'Hi"', 'Hi?"'),
        ("他说：“你好。”", 'He said, "Hello"', 'He said, "Hello."'),
        ("他说“你好”。", 'He said "Hello"', 'He said "Hello".'),
        ("「真的吗？」", '"Was it really."', '"Was it really?"'),
        ("“真的吗”？", '"Really".', '"Really"?'),
        ("“他说：‘好！’”", "\"He said, 'Yes'\"", "\"He said, 'Yes!'\""),
        ("“我要苹果（红的）。”", '"I want apples (red)"', '"I want apples (red)."'),
        ("那是狗的。", "It is the dogs'", "It is the dogs'."),
    ],
)
def test_the_mark_stands_within_the_quotation_as_in_the_source(
    source: str, output: str, expected: str
) -> None:
    assert end_as_source(Piece(source), output) == expected


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        ("他早上8点，", "He gets up at 8 a.m.", "He gets up at 8 a.m.,"),
        ("他早上8点，", "He gets up at 8a.m.", "He gets up at 8a.m.,"),
        ("小马丁·路德·金，", "Martin Luther King Jr.", "Martin Luther King Jr.,"),
        ("苹果等；", "Apples, etc.", "Apples, etc.;"),
        ("“在美国，”", '"In the U.S."', '"In the U.S.,"'),
        ("早上8点", "At 8 a.m.", "At 8 a.m."),
        ("他说不，", "He said no.", "He said no,"),
        ("他是个糟糕的医生，", "He is a madr.", "He is a madr,"),
    ],
)
def test_an_abbreviation_keeps_its_stop_before_a_pause(source: str, output: str, expected: str) -> None:
    assert end_as_source(Piece(source, closes=False), output) == expected


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        ("早上8点吗？", "At 8 a.m.", "At 8 a.m.?"),
        ("早上8点。", "At 8 a.m.", "At 8 a.m."),
        ("早上8点。", "At 8 a.m.,", "At 8 a.m."),
    ],
)
def test_an_abbreviation_keeps_its_stop_at_the_end_too(source: str, output: str, expected: str) -> None:
    assert end_as_source(Piece(source), output) == expected


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        (FIRST, "Although it rains.", "Although it rains,"),
        (MIDDLE, "but I am happy", "but I am happy;"),
        (Piece("今天我", closes=False), "Today I ...", "Today I"),
        (Piece("“天气很好，”", closes=False), '"The weather is good."', '"The weather is good,"'),
        (LAST, "let us go for a walk", "let us go for a walk!"),
    ],
)
def test_a_part_of_a_sentence_does_not_end_it(source: Piece, output: str, expected: str) -> None:
    assert end_as_source(source, output) == expected
