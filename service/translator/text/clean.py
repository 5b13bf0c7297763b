"""Cleans what a model says: takes away what no reader should see, and mends the edges of a sentence.

Nothing is invented. A step removes something, changes the case of the first letter, or ends the
output with the punctuation that its source has.
"""

import re
from collections.abc import Callable

from translator.text.capitals import case_first_letter
from translator.text.loops import cut_loops
from translator.text.marks import CLOSERS, TO_ENGLISH
from translator.text.normalise import normalise
from translator.text.scripts import has_words
from translator.text.sentences import Piece

_SPECIAL = re.compile(r"</?(?:s|unk|pad|bos|eos|mask)>|[▁⁇\ufffd]", re.IGNORECASE)
_CLOSERS = CLOSERS + '" '
_BEFORE_MARK = re.compile(r" (?=[,.!?;:…%)\]}]+[\"'”’)]*(?:\s|\Z))")
_AFTER_BRACKET = re.compile(r"(?<=[(\[{]) ")
_ENDS = ".!?…"
_PAUSES = ",;:"


def clean(piece: Piece, output: str) -> str:
    """What the model said to `piece`, fit to be read; empty when it said no word."""
    for step in STEPS:
        output = step(piece, output)
    return output


def normalise_output(_: Piece, output: str) -> str:
    """Control characters and lone surrogates can come out of pieces that are bytes."""
    return normalise(output)


def drop_special_tokens(_: Piece, output: str) -> str:
    """Tokens of the vocabulary are no text, nor is what SentencePiece (⁇) and UTF-8 (\ufffd) say for unknown.

    A blank takes their place, lest the two sides of one make another: <<s>s>.
    """
    return _SPECIAL.sub(" ", output)


def collapse_blanks(_: Piece, output: str) -> str:
    """A piece is within one line, and English has single spaces."""
    return " ".join(output.split())


def close_up(_: Piece, output: str) -> str:
    """English has no space before a mark or inside of brackets; but .5 and .NET are words."""
    return _AFTER_BRACKET.sub("", _BEFORE_MARK.sub("", output))


def cut_repetitions(piece: Piece, output: str) -> str:
    """A small model can fall into a loop, which says nothing new."""
    return cut_loops(piece.text, output)


def bound_length(piece: Piece, output: str) -> str:
    """What is far too long is not all translation; it is cut after a word.

    Good outputs have up to six letters for a Chinese character (pipelines/datasets). The bound is
    twice that and 40 more, for what is short in Chinese only, as idioms are.
    """
    longest = 40 + 12 * len(piece.text)
    if len(output) - output.endswith(tuple(_ENDS + _PAUSES)) <= longest:  # end_as_source may add one
        return output
    return output[: max(output.rfind(" ", 0, longest + 1), 0)]


def end_as_source(piece: Piece, output: str) -> str:
    """A sentence that ends with a mark does so in English; a part that does not end it must not seem to.

    A sentence without one gets none, and keeps the one that the model gave it.
    """
    mark = piece.text.rstrip(_CLOSERS).translate(TO_ENGLISH)[-1:]
    if not piece.closes:
        return output.rstrip(" " + _ENDS + _PAUSES) + (mark if mark in _ENDS + _PAUSES else "")
    if mark not in _ENDS or output.rstrip(_CLOSERS).endswith(tuple(_ENDS)):
        return output
    return output.rstrip(" " + _PAUSES) + mark


def drop_wordless(_: Piece, output: str) -> str:
    """Marks alone are no translation of a piece, which holds words."""
    return output if has_words(output) else ""


# The order counts: tokens may hide blanks, blanks may hide marks, marks stick to repeated words.
STEPS: tuple[Callable[[Piece, str], str], ...] = (
    normalise_output,
    drop_special_tokens,
    collapse_blanks,
    close_up,
    cut_repetitions,
    bound_length,
    case_first_letter,
    end_as_source,
    drop_wordless,
)
