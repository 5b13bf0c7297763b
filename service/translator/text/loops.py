"""Cut the loops that a small model falls into: the same words, again and again."""

import string
from collections import Counter
from itertools import groupby
from typing import NamedTuple

# Words of a phrase, or characters of a source, that may be one copy of what is repeated.
_SIZES = range(1, 9)
_MARKS = string.punctuation + "…“”‘’"


class _Word(NamedTuple):
    key: str
    text: str


def cut_loops(source: str, output: str) -> str:
    """Return the output, with loops cut to one copy: four times the same word, or three times the same words.

    People say a word three times (go, go, go), and numbers may be any, so what holds a digit is
    never cut. What the source repeats (哈哈哈哈哈) may be repeated as often. The copy that stays is
    the last one, because its punctuation fits to what follows. Linear in the length of the output.
    """
    words = [_Word(text.strip(_MARKS).casefold(), text) for text in output.split()]
    if max(Counter(word.key for word in words).values(), default=0) >= 3:  # in most outputs, no word is
        words = _cut(words, _count_copies("".join(filter(str.isalnum, source.casefold()))))
    return " ".join(word.text for word in words)


def _cut(words: list[_Word], allowed: int) -> list[_Word]:
    fewest = {size: max(4 if size == 1 else 3, allowed + 1) for size in _SIZES}
    kept: list[_Word] = []
    loop = matched = 0  # how many words the loop has that was cut last, and how many of them came again
    for word in words:
        kept.append(word)
        if size := _find_loop(kept, fewest):
            _drop_copies(kept, size, fewest[size] - allowed)
            loop, matched = size, 0
        elif loop and word.key == kept[-1 - loop].key:
            matched += 1
            if matched == loop:
                _drop_copies(kept, loop, 1)
                matched = 0
        else:
            loop = matched = 0
    return kept[: len(kept) - matched]  # a loop that the longest output allowed has cut off


def _find_loop(words: list[_Word], fewest: dict[int, int]) -> int:
    """Return how many words the phrase has that the words end with too many copies of; 0 if there is none.

    `fewest` has, by the number of words of a phrase, how many copies of it are too many.
    """
    for size, copies in fewest.items():
        if len(words) < size * copies:
            continue
        if words[-1].key == words[-1 - size].key and _ends_with_copies(words, size, copies):
            return size
    return 0


def _ends_with_copies(words: list[_Word], size: int, copies: int) -> bool:
    repeated = range(1, size * (copies - 1) + 1)
    return all(words[-i].key == words[-i - size].key for i in repeated) and not _hold_digit(words[-size:])


def _hold_digit(words: list[_Word]) -> bool:
    return any(character.isdigit() for word in words for character in word.key)


def _drop_copies(words: list[_Word], size: int, copies: int) -> None:
    """Take so many copies out from before the last one."""
    del words[-size * (copies + 1) : -size]


def _count_copies(text: str) -> int:
    """Return how many times the text says the same in a row, at most."""
    return max(_longest_period(text, size) // size + 1 for size in _SIZES)


def _longest_period(text: str, size: int) -> int:
    same = groupby(a == b for a, b in zip(text, text[size:], strict=False))
    return max((len(list(run)) for equal, run in same if equal), default=0)
