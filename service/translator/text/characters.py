"""Tell which characters are Chinese, and bring texts into one spelling without invisible ones."""

import re
import unicodedata

# Radicals, 〇, numerals of Suzhou, and the ideographs with extensions A to I; of a character class.
HAN = r"\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
UNSPACED = HAN + r"\u3040-\u30ff\u31f0-\u31ff\uac00-\ud7a3"  # with kana and Hangul

_HAN = re.compile(f"[{HAN}]")


def has_han(text: str) -> bool:
    """Return whether there is anything that a model for Chinese can translate."""
    return _HAN.search(text) is not None


def has_words(text: str) -> bool:
    """Return whether there is a letter (Han characters are letters) or a digit."""
    return any(character.isalnum() for character in text)


# Vertical tab (Word's line break), form feed and NEL end a line too, but as control characters.
_CONTROL_BREAK = re.compile(r"[\x0b\x0c\x85]")
# Control characters mean nothing to a reader, and a lone surrogate cannot be written as UTF-8.
# Nor does Chinese need format characters: soft hyphens, zero-width spaces, word joiners, byte order
# marks, and marks that turn the direction of writing, which can also make a text look like another.
# Joiners (U+200C, U+200D), variation selectors and tags stay, because emoji are built with them.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
# Accents and the like, which attach to the character before them; all stand within this range.
_MARKS = frozenset(chr(code) for code in range(0x300, 0x20000) if unicodedata.combining(chr(code)))
_MARK = f"[{''.join(sorted(_MARKS))}]"
_TOO_MANY_MARKS = re.compile(f"({_MARK}{{30}}){_MARK}+")


def normalise(text: str) -> str:
    """Return the text in NFC, with visible characters, blanks, tabs and line breaks only.

    Composing can lengthen a text: U+FB2C becomes three characters. Full-width forms stay as they
    are; where they matter to a model, its SentencePiece folds them itself (`nmt_nfkc`).
    """
    if text.isascii() and text.isprintable():
        return text  # so are most outputs
    visible = _INVISIBLE.sub("", _CONTROL_BREAK.sub("\n", text))
    composed = unicodedata.normalize("NFC", _limit_marks(visible))
    return _limit_marks(composed)  # U+0344 alone becomes two marks


def _limit_marks(text: str) -> str:
    # No language needs more than 30 in a row (UAX #15, Stream-Safe Text Format), and NFC sorts them
    # in a time that grows with the square of their number: 15 seconds for 100,000.
    if _MARKS.isdisjoint(text):
        return text
    return _TOO_MANY_MARKS.sub(r"\1", text)
