"""Clean what a model says: remove what no reader should see, and mend the edges of a sentence.

Nothing is invented. A step removes something, changes the case of the first letter, or ends the
output with the punctuation that its source has.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from translator.text.characters import has_words, normalise
from translator.text.loops import cut_loops
from translator.text.marks import CLOSERS, TO_ENGLISH, is_abbreviated
from translator.text.sentences import Piece

# Not before an accent, with which the capital might be another character.
_FIRST_WORD = re.compile(r"\W*+(?P<word>[A-Za-z](?![\u0300-\u036f])[A-Za-z0-9]*+)(?P<rest>(?:['’][a-z]+)?)")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
# Words that often begin what follows a comma, and are no names.
_FUNCTION_WORDS = """
a an the this that these those it he she we they you my your his her its our their there here
and but or so because if when while although though since as than then until unless
in on at for with by to from of after before about without during even just only also still
is are was were be been do does did has have had can could would should must let please
not no nobody nothing who whom whose what where how why which whether
all each every everyone everybody everything some someone something many most both one another
now today yesterday tomorrow maybe perhaps
"""
_COMMON = frozenset(_FUNCTION_WORDS.split())


def case_first_letter(piece: Piece, output: str) -> str:
    """Begin a sentence with a capital, and the rest of a sentence that was cut without one.

    What the source spells itself (eBay, iPhone) stays as it is, and names keep their capital.
    """
    found = _FIRST_WORD.match(output)
    if not found or found["word"] in _ASCII_WORD.findall(piece.text):
        return output
    first = found.start("word")
    if piece.opens:
        return output[:first] + output[first].upper() + output[first + 1 :]
    if _is_common(found["word"], found["rest"]):
        return output[:first] + output[first].lower() + output[first + 1 :]
    return output


def _is_common(word: str, rest: str) -> bool:
    """Return whether a word with a capital, such as It('s) or Don('t), is no name."""
    return word.istitle() and (word.lower() in _COMMON or rest.endswith("t"))


_ENDS = ".!?…"
_MARKS = _ENDS + ",;:"
_CLOSERS = CLOSERS + '"'
_TAIL = _CLOSERS + _MARKS + " "


class _End(NamedTuple):
    """The mark, in English, that a source ends with, and how many closing quotes or brackets follow it."""

    mark: str
    closers: int


def end_as_source(piece: Piece, output: str) -> str:
    """End a sentence with the mark of its source, in English; a part that ends none must not seem to.

    A sentence without one gets none, and keeps the one that the model gave it. So does a sentence
    with one, unless it is a question: ！ is more common in Chinese than it is in English, and a
    wish that ends in 。 may well be an exclamation, but a question is a question in both.
    """
    end = _read_end(piece.text)
    if piece.closes and (end.mark not in ("?!", *_ENDS) or _ends_well(output, end.mark)):
        return output
    return _put_end(output, end)


def split_tail(output: str) -> tuple[str, str]:
    """Return the output up to its last word, and the marks, quotes, brackets and blanks that follow it."""
    core = output.rstrip(_TAIL)
    return core, output[len(core) :]


def count_marks(tail: str) -> int:
    """Return how many marks there are, quotes and brackets aside."""
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
    """Return the output with this mark for its own: in its place, or else where the source has it."""
    core, tail = split_tail(output)
    closers = "".join(character for character in tail if character in _CLOSERS)
    inside = tail.lstrip()[:1] in tuple(_MARKS)
    outer = len(closers) if inside else min(end.closers, len(closers))
    inner = closers[: len(closers) - outer]
    if tail.startswith(".") and is_abbreviated(core):
        core += "."
        end = end._replace(mark="" if end.mark == "." and not inner else end.mark)
    return core + inner + end.mark + closers[len(inner) :]


_SPECIAL = re.compile(r"</?(?:s|unk|pad|bos|eos|mask)>|[▁⁇\ufffd]", re.IGNORECASE)
# Where English has a blank and Chinese has none, before and after words.
_NO_BLANK = re.compile(r"(?<=[。｡！？，、；：）】》」])(?=[^\W\d_])|(?<=\w)(?=[（【《「])")
_BEFORE_MARK = re.compile(r" (?=[,.!?;:…%)\]}]+[\"'”’)]*(?:\s|\Z))")
_AFTER_BRACKET = re.compile(r"(?<=[(\[{]) ")


def clean(piece: Piece, output: str) -> str:
    """Return what the model said to `piece`, fit to be read; empty when it said no word."""
    for step in STEPS:
        output = step(piece, output)
    return output


def normalise_output(_: Piece, output: str) -> str:
    """Drop control characters and lone surrogates, which come out of pieces that are bytes."""
    return normalise(output)


def drop_special_tokens(_: Piece, output: str) -> str:
    """Drop tokens of the vocabulary, and what SentencePiece (⁇) and UTF-8 (\ufffd) say for unknown.

    A blank takes their place, lest the two sides of one make another: <<s>s>.
    """
    return _SPECIAL.sub(" ", output)


def speak_english_marks(_: Piece, output: str) -> str:
    """Replace a mark of Chinese by the one of English that says the same, and space it like that."""
    return output if output.isascii() else _NO_BLANK.sub(" ", output).translate(TO_ENGLISH)


def collapse_blanks(_: Piece, output: str) -> str:
    """Leave single spaces: a piece is within one line."""
    return " ".join(output.split())


def close_up(_: Piece, output: str) -> str:
    """Drop a space before a mark or inside of brackets; but .5 and .NET are words."""
    return _AFTER_BRACKET.sub("", _BEFORE_MARK.sub("", output))


def cut_repetitions(piece: Piece, output: str) -> str:
    """Cut the loop that a small model can fall into, which says nothing new."""
    return cut_loops(piece.text, output)


def bound_length(piece: Piece, output: str) -> str:
    """Cut what is far too long after a word: it is not all translation.

    Good outputs have up to six letters for a Chinese character (pipelines/datasets). The bound is
    twice that and 40 more, for what is short in Chinese only, as idioms are. The last marks, of
    which `end_as_source` may add some, do not count.
    """
    longest = 40 + 12 * len(piece.text)
    if len(output) <= longest or len(output) - min(count_marks(split_tail(output)[1]), 3) <= longest:
        return output
    return output[: max(output.rfind(" ", 0, longest + 1), 0)]


def drop_wordless(_: Piece, output: str) -> str:
    """Drop marks alone: they are no translation of a piece, which holds words."""
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
