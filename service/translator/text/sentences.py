"""Cut a text into what is translated at a time, and remember what stood between the cuts.

A text has lines, a line cells (of a table), a cell sentences; a long sentence is cut at its pauses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from translator.text.characters import has_han, has_words
from translator.text.marks import CLOSERS, find_events, find_marker

# A tab, or more than one blank, is what columns are made of; so are bars, in Markdown. No sentence
# goes across them. A single blank is not enough, and a bar in a cell of Markdown is written \|.
_BETWEEN = re.compile(r"[\n\r\t\x0b\x0c\x85\u2028\u2029]|\s{2,}|(?<!\\)[|｜]")
_LINE_BREAK = re.compile(r"[\n\r\x0b\x0c\x85\u2028\u2029]")


class Span(NamedTuple):
    """Characters of a text, from `start` up to, but without, `end`."""

    start: int
    end: int


def find_cells(text: str) -> Iterator[Span]:
    """Yield all cells of all lines, in order; what is between them belongs to none."""
    start = 0
    for between in _BETWEEN.finditer(text):
        if between.start() > start:
            yield Span(start, between.start())
        start = between.end()
    if start < len(text):
        yield Span(start, len(text))


def breaks_line(between: str) -> bool:
    """Return whether what stands between two cells begins a new line."""
    return _LINE_BREAK.search(between) is not None


def trim(text: str, span: Span) -> Span:
    """Return the span without blanks at its ends; empty, at its own end, if there is nothing else in it."""
    content = text[span.start : span.end]
    if not (content[:1].isspace() or content[-1:].isspace()):  # so are nearly all
        return span
    start = span.end - len(content.lstrip())
    return Span(start, max(start, span.start + len(content.rstrip())))


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
    """Yield the sentence `text[start:end]` in parts of at most LONGEST characters.

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
    """Return where pauses end, up to `last`; a mark is looked at together with what follows it."""
    ends = [found.end() for found in pause.finditer(text, start + _SHORTEST, last + 1)]
    return [end for end in ends if end <= last]


def _find_gap(text: str, start: int) -> int:
    """Return the last place where no word or number in ASCII is cut, or else just LONGEST characters."""
    cuts = range(start + LONGEST, start + _SHORTEST, -1)
    return next((cut for cut in cuts if not _in_word(text[cut - 1 : cut + 1])), start + LONGEST)


def _in_word(pair: str) -> bool:
    return pair.isascii() and pair.isalnum()


def _skip_blanks(text: str, start: int, end: int) -> int:
    blanks = _BLANKS.match(text, start, end)
    return blanks.end() if blanks else start


@dataclass(frozen=True)
class Piece:
    """A sentence, or a part of one.

    `after` is what stood between it and the next piece: blanks, bars, line breaks, often nothing.
    `opens` and `closes` say whether its sentence begins and ends with it, and `atom` that it is an
    address or some emoji.
    """

    text: str
    after: str = ""
    opens: bool = True
    closes: bool = True
    atom: bool = False

    @property
    def kept(self) -> bool:
        """Whether it is not translated, because nothing in it is Chinese, an address aside."""
        return self.atom or not has_han(self.text)

    @property
    def ends_line(self) -> bool:
        """Whether a line break follows."""
        return breaks_line(self.after)


@dataclass(frozen=True)
class Passage:
    """A text in pieces: `lead`, and then `text` and `after` of every piece, are the text again."""

    lead: str
    pieces: tuple[Piece, ...]


class _Part(NamedTuple):
    """Some of a sentence: an atom, or what stands before, between or after atoms."""

    span: Span
    atom: bool = False


class _Place(NamedTuple):
    start: int
    end: int
    opens: bool
    closes: bool
    atom: bool = False


def split(text: str) -> Passage:
    """Return the text in pieces; a piece that is translated has at most LONGEST characters.

    Linear in the length of the text, whatever it holds.
    """
    places = [place for cell in find_cells(text) for place in _find_pieces(text, cell)]
    ends = [place.start for place in places[1:]] + [len(text)]
    pieces = (
        Piece(text[place.start : place.end], text[place.end : following], *place[2:])
        for place, following in zip(places, ends, strict=False)
    )
    return Passage(text[: places[0].start] if places else text, tuple(pieces))


def _find_pieces(text: str, cell: Span) -> Iterator[_Place]:
    for parts in _find_sentences(text, trim(text, cell)):
        trimmed = [_Part(trim(text, part.span), part.atom) for part in parts]
        sentence = [part for part in trimmed if part.span.start < part.span.end]
        if sentence:
            yield from _place(text, sentence)


def _find_sentences(text: str, cell: Span) -> Iterator[list[_Part]]:
    """Yield the sentences of a cell, in parts."""
    at = find_marker(text, *cell)
    if at > cell.start:
        yield [_Part(Span(cell.start, at))]
    parts: list[_Part] = []
    for event in find_events(text, at, cell.end):
        if event.atom:
            parts += [_Part(Span(at, event.start)), _Part(Span(event.start, event.end), atom=True)]
            at = event.end
        if event.ends:
            yield [*parts, _Part(Span(at, event.end))]
            parts, at = [], event.end
    yield [*parts, _Part(Span(at, cell.end))]


def _place(text: str, parts: list[_Part]) -> Iterator[_Place]:
    start, end = parts[0].span.start, parts[-1].span.end
    if not has_han(text[start:end]):  # it is kept, so there is no need to cut it
        yield _Place(start, end, opens=True, closes=True)
        return
    pieces = [piece for part in parts for piece in _cut(text, part)]
    spoken = False
    for piece in pieces:
        yield _Place(*piece.span, opens=not spoken, closes=piece is pieces[-1], atom=piece.atom)
        spoken = spoken or has_words(text[slice(*piece.span)])


def _cut(text: str, part: _Part) -> list[_Part]:
    if part.atom:
        return [part]
    return [_Part(trim(text, Span(*span))) for span in cut_at_pauses(text, *part.span)]
