"""Cleans what a model says: takes away what no reader should see, and mends the edges of a sentence.

Nothing is invented. A step removes something, changes the case of the first letter, or ends the
output with the punctuation that its source has.
"""

import re
from collections.abc import Callable

from translator.text.capitals import case_first_letter
from translator.text.endings import count_marks, end_as_source, split_tail
from translator.text.loops import cut_loops
from translator.text.marks import TO_ENGLISH
from translator.text.normalise import normalise
from translator.text.scripts import has_words
from translator.text.sentences import Piece

_SPECIAL = re.compile(r"</?(?:s|unk|pad|bos|eos|mask)>|[▁⁇\ufffd]", re.IGNORECASE)
# Where English has a blank and Chinese has none, before and after words.
_NO_BLANK = re.compile(r"(?<=[。｡！？，、；：）】》」])(?=[^\W\d_])|(?<=\w)(?=[（【《「])")
_BEFORE_MARK = re.compile(r" (?=[,.!?;:…%)\]}]+[\"'”’)]*(?:\s|\Z))")
_AFTER_BRACKET = re.compile(r"(?<=[(\[{]) ")


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


def speak_english_marks(_: Piece, output: str) -> str:
    """A mark of Chinese is the one of English that says the same, and is spaced like it."""
    return output if output.isascii() else _NO_BLANK.sub(" ", output).translate(TO_ENGLISH)


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
    twice that and 40 more, for what is short in Chinese only, as idioms are. The last marks, of
    which `end_as_source` may add some, do not count.
    """
    longest = 40 + 12 * len(piece.text)
    if len(output) <= longest or len(output) - min(count_marks(split_tail(output)[1]), 3) <= longest:
        return output
    return output[: max(output.rfind(" ", 0, longest + 1), 0)]


def drop_wordless(_: Piece, output: str) -> str:
    """Marks alone are no translation of a piece, which holds words."""
    return output if has_words(output) else ""


# The order counts: tokens may hide blanks, blanks may hide marks, marks stick to repeated words.
STEPS: tuple[Callable[[Piece, str], str], ...] = (
    normalise_output,
    drop_special_tokens,
    speak_english_marks,
    collapse_blanks,
    close_up,
    cut_repetitions,
    bound_length,
    case_first_letter,
    end_as_source,
    drop_wordless,
)
