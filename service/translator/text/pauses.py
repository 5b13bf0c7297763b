"""Cuts sentences that are too long for the model."""

import re
from collections.abc import Iterator

from translator.text.marks import CLOSERS

# Both lengths are the model's, which learnt from short sentences (see its card). From the first one
# on, clause by clause is translated better than all at once (on pipelines/datasets/everyday.tsv);
# past the second one, what is said has little to do with the source.
COMFORTABLE = 18
LONGEST = 30
# A first part of a few characters would leave the model too little to go by.
_SHORTEST = 5

_CLOSER = f"[{re.escape(CLOSERS)}]?"
# From what divides most to what divides least. ASCII marks do not divide 1,000 or 12:30.
_CLAUSES = (
    re.compile(rf"(?:[；：…—。！？]|[;:!?](?![A-Za-z0-9/])){_CLOSER}"),
    re.compile(rf"(?:，|,(?![A-Za-z0-9])){_CLOSER}"),
)
_WORDS = (re.compile(rf"、{_CLOSER}"), re.compile(r"\s"))
_BLANKS = re.compile(r"\s*")


def cut_at_pauses(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The sentence `text[start:end]` in parts of at most LONGEST characters.

    A sentence that is not COMFORTABLE is cut between its clauses. A clause is only cut when it is
    longer than LONGEST, between words if it can be.
    """
    while end - start > COMFORTABLE and (cut := _find_cut(text, start, end)) < end:
        yield start, cut
        start = _skip_blanks(text, cut, end)
    yield start, end


def _find_cut(text: str, start: int, end: int) -> int:
    for pause in _CLAUSES:
        if ends := _find_pauses(pause, text, start, start + COMFORTABLE):
            return ends[-1]
    for pause in _CLAUSES:
        if ends := _find_pauses(pause, text, start, min(start + LONGEST, end - 1)):
            return ends[0]
    if end - start <= LONGEST:
        return end
    for pause in _WORDS:
        if ends := _find_pauses(pause, text, start, start + LONGEST):
            return ends[-1]
    return _find_gap(text, start)


def _find_pauses(pause: re.Pattern[str], text: str, start: int, last: int) -> list[int]:
    """Where pauses end, up to `last`; a mark is looked at together with what follows it."""
    ends = [found.end() for found in pause.finditer(text, start + _SHORTEST, last + 1)]
    return [end for end in ends if end <= last]


def _find_gap(text: str, start: int) -> int:
    """The last place where no word or number in ASCII is cut, or else just LONGEST characters."""
    cuts = range(start + LONGEST, start + _SHORTEST, -1)
    return next((cut for cut in cuts if not _in_word(text[cut - 1 : cut + 1])), start + LONGEST)


def _in_word(pair: str) -> bool:
    return pair.isascii() and pair.isalnum()


def _skip_blanks(text: str, start: int, end: int) -> int:
    blanks = _BLANKS.match(text, start, end)
    return blanks.end() if blanks else start
