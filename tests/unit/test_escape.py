"""What steers a terminal, turns text around or is invisible is written as its number; nothing else is."""

import json
import sys
import unicodedata

import pytest

from relctl.escape import escaped, escaped_json, line

UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt, as far as it is no format character.
INVISIBLE = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u3164\ufe00\ufe0f\uffa0"
    "\ufff0\ufff8\U000e0100"
)


def test_every_control_format_and_separator_character_of_unicode_is_escaped_and_nothing_visible() -> None:
    for code in range(sys.maxunicode + 1):
        sign = chr(code)
        if unicodedata.category(sign) in UNSAFE and sign not in "\n\t":
            assert escaped(sign) != sign, f"{code:x}"
        elif unicodedata.category(sign)[0] in "LNPSZ" and sign not in INVISIBLE:
            assert escaped(sign) == sign, f"{code:x}"


@pytest.mark.parametrize("sign", INVISIBLE)
def test_what_draws_nothing_is_escaped(sign: str) -> None:
    assert escaped(sign) != sign


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\rb", r"a\x0db"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),
        ("live\u202egreen", r"live\u202egreen"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("\U000e0041", r"\U000e0041"),
        ("name\udcff", r"name\udcff"),
        ("北京\u3000天气\u00a0很好 é 🙂", "北京\u3000天气\u00a0很好 é 🙂"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_what_was_there_can_be_read(text: str, shown: str) -> None:
    assert escaped(text) == shown
    assert escaped(shown) == shown


def test_a_line_stays_one() -> None:
    assert line("two\nlines\tand\ra return\x85") == r"two\nlines\tand\x0da return\x85"


@pytest.mark.parametrize("text", ['\x00\x1b\x7f\x9b\u202e\u2028\ufeff\U000e0041 北京 🙂\n\t\\"', "\udcff"])
def test_json_says_the_same(text: str) -> None:
    written = json.dumps({text: [text]}, ensure_ascii=False, indent=2)
    shown = escaped_json(written)
    assert json.loads(shown) == {text: [text]}
    assert escaped(shown) == shown
