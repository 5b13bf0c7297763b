"""Find the words in a text that the operator does not want to be translated."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from translator.text.characters import HAN, UNSPACED, normalise

# What may be put into a word without being seen: joiners, fillers, variation selectors and tags.
_HIDDEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c\u200d\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e01ef]"
)
_BLANKS = re.compile(r"[\s\u2800]+")  # with the blank of Braille
# Chinese has no blanks between words: one that stands in a word (坏 词, or 坏 and 词 on two lines) hides it.
_BLANK_IN_WORD = re.compile(f"(?<=[{HAN}]) (?=[{HAN}])")
_ONE_WORD = re.compile(rf"[^\W_{UNSPACED}]{{2}}")


class BlockedWords:
    """A list of words and phrases; capitals, full-width forms and invisible characters hide none.

    A word of a script with blanks between words must stand alone: `ass` is not in `class`. A word
    of Chinese, Japanese or Korean may stand anywhere.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        """`words`: the words as they are listed, by what `fold` makes of them."""
        self._words = words
        lengths: dict[str, set[int]] = {}
        for word in words:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: sorted(each) for first, each in lengths.items()}

    @classmethod
    def read(cls, path: Path | None) -> Self:
        """Read the list in a UTF-8 file: one word or phrase a line; blank lines and # lines do not count.

        No path, no words. Raises ValueError that names the file, and the line if one is wrong.
        """
        return cls(dict(_read_words(path)) if path else {})

    def find(self, text: str) -> str | None:
        """Return the first word of the list that the text holds, as it is listed."""
        folded = fold(text)
        starts = (start for start, first in enumerate(folded) if first in self._lengths)
        found = (self._find_at(folded, start) for start in starts if not _within_word(folded, start))
        return next((word for word in found if word is not None), None)

    def _find_at(self, text: str, start: int) -> str | None:
        # One look-up a length: an expression of 10,000 alternatives takes tens of times as long.
        for length in self._lengths[text[start]]:
            word = self._words.get(text[start : start + length])
            if word is not None and not _within_word(text, start + length):
                return word
        return None


def fold(text: str) -> str:
    """Return the text as it is compared: without what hides a word from a list, but not from a reader."""
    seen = _HIDDEN.sub("", normalise(text))
    folded = _BLANKS.sub(" ", unicodedata.normalize("NFKC", seen).casefold()).strip()
    return _BLANK_IN_WORD.sub("", folded)


def _read_words(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(_read(path).splitlines(), start=1):
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        folded = fold(word)
        if not folded:
            raise ValueError(f"{path}, line {number}: this word has no visible character.")
        yield folded, word


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {number}: this is not UTF-8.") from None


def _within_word(text: str, place: int) -> bool:
    """Return whether the characters before and after a place belong to one word."""
    return place > 0 and _ONE_WORD.fullmatch(text, place - 1, place + 1) is not None
