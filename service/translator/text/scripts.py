"""Says which characters are Chinese, and which are written without blanks between words."""

import re

# Radicals, 〇, numerals of Suzhou, and the ideographs with extensions A to I; of a character class.
HAN = r"\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
UNSPACED = HAN + r"\u3040-\u30ff\u31f0-\u31ff\uac00-\ud7a3"  # with kana and Hangul

_HAN = re.compile(f"[{HAN}]")


def has_han(text: str) -> bool:
    """Whether there is anything that a model for Chinese can translate."""
    return _HAN.search(text) is not None


def has_words(text: str) -> bool:
    """Whether there is a letter (Han characters are letters) or a digit."""
    return any(character.isalnum() for character in text)
