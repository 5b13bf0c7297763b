"""Cuts a text into what is translated at a time, and remembers what stood between the cuts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from translator.text.cells import Span, breaks_line, find_cells, trim
from translator.text.marks import find_events, find_marker
from translator.text.pauses import cut_at_pauses
from translator.text.scripts import has_han, has_words


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
    """The text in pieces; a piece that is translated has at most LONGEST characters.

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
    """The sentences of a cell, in parts."""
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
