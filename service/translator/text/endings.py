"""Ends what the model says with the punctuation that its source has."""

from typing import NamedTuple

from translator.text.abbreviations import is_abbreviated
from translator.text.marks import CLOSERS, TO_ENGLISH
from translator.text.sentences import Piece

_ENDS = ".!?…"
_MARKS = _ENDS + ",;:"
_CLOSERS = CLOSERS + '"'
_TAIL = _CLOSERS + _MARKS + " "


class _End(NamedTuple):
    """The mark, in English, that a source ends with, and how many closing quotes or brackets follow it."""

    mark: str
    closers: int


def end_as_source(piece: Piece, output: str) -> str:
    """A sentence that ends with a mark does so in English; a part that does not end it must not seem to.

    A sentence without one gets none, and keeps the one that the model gave it. So does a sentence
    with one, unless it is a question: ！ is more common in Chinese than it is in English, and a
    wish that ends in 。 may well be an exclamation, but a question is a question in both.
    """
    end = _read_end(piece.text)
    if piece.closes and (end.mark not in ("?!", *_ENDS) or _ends_well(output, end.mark)):
        return output
    return _put_end(output, end)


def split_tail(output: str) -> tuple[str, str]:
    """The output up to its last word, and the marks, quotes, brackets and blanks that follow it."""
    core = output.rstrip(_TAIL)
    return core, output[len(core) :]


def count_marks(tail: str) -> int:
    """How many marks there are, quotes and brackets aside."""
    return sum(character in _MARKS for character in tail)


def _read_end(source: str) -> _End:
    inner = source.rstrip(_CLOSERS + " ")
    english = inner.translate(TO_ENGLISH)
    run = english[len(english.rstrip(_ENDS)) :]
    mark = english[-1:] if english.endswith(tuple(_MARKS)) else ""
    if "?" in run:
        mark = "?!" if "!" in run else "?"
    return _End(mark, len(source[len(inner) :].replace(" ", "")))


def _ends_well(output: str, mark: str) -> bool:
    inner = output.rstrip(_CLOSERS + " ")
    run = inner[len(inner.rstrip(_ENDS)) :]
    return "?" in run or (run != "" and "?" not in mark)


def _put_end(output: str, end: _End) -> str:
    """The output with this mark for its own: in the same place, or else where the source has it."""
    core, tail = split_tail(output)
    closers = "".join(character for character in tail if character in _CLOSERS)
    inside = tail.lstrip()[:1] in tuple(_MARKS)
    outer = len(closers) if inside else min(end.closers, len(closers))
    inner = closers[: len(closers) - outer]
    if tail.startswith(".") and is_abbreviated(core):
        core += "."
        end = end._replace(mark="" if end.mark == "." and not inner else end.mark)
    return core + inner + end.mark + closers[len(inner) :]
