"""Cuts the loops that a small model falls into: the same words, again and again."""

import string
from itertools import groupby
from typing import NamedTuple

# Words of a phrase, or characters of a source, that may be one copy of what is repeated.
_SIZES = range(1, 9)
_MARKS = string.punctuation + "…“”‘’"


class _Word(NamedTuple):
    key: str
    text: str


def cut_loops(source: str, output: str) -> str:
    """The output, with every phrase that stands three times or more in a row cut to one copy.

    Doubles stay (very very, bye bye), and so does what the source repeats: what it says five times
    (1 1 1 1 1, 哈哈哈哈哈) may be said five times. The copy that stays is the last one, because its
    punctuation fits to what follows. Linear in the length of the output.
    """
    allowed = _count_copies("".join(filter(str.isalnum, source.casefold())))
    words: list[_Word] = []
    loop = matched = 0  # how many words the loop has that was cut last, and how many of them came again
    for text in output.split():
        words.append(_Word(text.strip(_MARKS).casefold(), text))
        if size := _find_loop(words, max(3, allowed + 1)):
            _drop_copies(words, size, max(3, allowed + 1) - allowed)
            loop, matched = size, 0
        elif loop and words[-1].key == words[-1 - loop].key:
            matched += 1
            if matched == loop:
                _drop_copies(words, loop, 1)
                matched = 0
        else:
            loop = matched = 0
    kept = words[: len(words) - matched]  # a loop that the longest output allowed has cut off
    return " ".join(word.text for word in kept)


def _find_loop(words: list[_Word], copies: int) -> int:
    """How many words the phrase has that the words end with so many copies of; 0 if there is none."""
    return next((size for size in _SIZES if _ends_with_copies(words, size, copies)), 0)


def _ends_with_copies(words: list[_Word], size: int, copies: int) -> bool:
    repeated = size * (copies - 1)
    return len(words) >= size * copies and all(
        words[-i].key == words[-i - size].key for i in range(1, repeated + 1)
    )


def _drop_copies(words: list[_Word], size: int, copies: int) -> None:
    """Takes so many copies out from before the last one."""
    del words[-size * (copies + 1) : -size]


def _count_copies(text: str) -> int:
    """How many times the text says the same in a row, at most."""
    return max(_longest_period(text, size) // size + 1 for size in _SIZES)


def _longest_period(text: str, size: int) -> int:
    same = groupby(a == b for a, b in zip(text, text[size:], strict=False))
    return max((len(list(run)) for equal, run in same if equal), default=0)
