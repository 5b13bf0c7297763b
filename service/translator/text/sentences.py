"""Cuts a text into what is translated at a time, and remembers what stood between the cuts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from translator.text.marks import find_events, find_marker
from translator.text.pauses import cut_at_pauses
from translator.text.scripts import has_han, has_words

_LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Piece:
    """A sentence, or a part of one.

    `after` is what stood between it and the next piece: blanks, line breaks, often nothing.
    `opens` and `closes` say whether its sentence begins and ends with it.
    """

    text: str
    after: str = ""
    opens: bool = True
    closes: bool = True

    @property
    def kept(self) -> bool:
        """Whether it is not translated, because nothing in it is Chinese."""
        return not has_han(self.text)

    @property
    def ends_line(self) -> bool:
        """Whether a line break follows."""
        return bool(self.after) and not _LINE.fullmatch(self.after)


@dataclass(frozen=True)
class Passage:
    """A text in pieces: `lead`, and then `text` and `after` of every piece, are the text again."""

    lead: str
    pieces: tuple[Piece, ...]


class _Span(NamedTuple):
    start: int
    end: int


class _Place(NamedTuple):
    start: int
    end: int
    opens: bool
    closes: bool


def split(text: str) -> Passage:
    """The text in pieces; a piece that is translated has at most LONGEST characters.

    Linear in the length of the text, whatever it holds.
    """
    places = [place for line in _LINE.finditer(text) for place in _find_pieces(text, _Span(*line.span()))]
    ends = [place.start for place in places[1:]] + [len(text)]
    pieces = (
        Piece(text[place.start : place.end], text[place.end : following], place.opens, place.closes)
        for place, following in zip(places, ends, strict=False)
    )
    return Passage(text[: places[0].start] if places else text, tuple(pieces))


def _find_pieces(text: str, line: _Span) -> Iterator[_Place]:
    for parts in _find_sentences(text, _trim(text, line)):
        trimmed = [_trim(text, part) for part in parts]
        sentence = [part for part in trimmed if part.start < part.end]
        if sentence:
            yield from _place(text, sentence)


def _find_sentences(text: str, line: _Span) -> Iterator[list[_Span]]:
    """The sentences of a line, each in parts: atoms, and what stands between them."""
    at = find_marker(text, *line)
    yield [_Span(line.start, at)]
    parts: list[_Span] = []
    for event in find_events(text, at, line.end):
        if event.atom:
            parts += [_Span(at, event.start), _Span(event.start, event.end)]
            at = event.end
        if event.ends:
            yield [*parts, _Span(at, event.end)]
            parts, at = [], event.end
    yield [*parts, _Span(at, line.end)]


def _place(text: str, parts: list[_Span]) -> Iterator[_Place]:
    start, end = parts[0].start, parts[-1].end
    if not has_han(text[start:end]):  # it is kept, so there is no need to cut it
        yield _Place(start, end, opens=True, closes=True)
        return
    pieces = [_trim(text, _Span(*piece)) for part in parts for piece in cut_at_pauses(text, *part)]
    spoken = False
    for piece in pieces:
        yield _Place(*piece, opens=not spoken, closes=piece is pieces[-1])
        spoken = spoken or has_words(text[piece.start : piece.end])


def _trim(text: str, span: _Span) -> _Span:
    content = text[span.start : span.end]
    start = span.end - len(content.lstrip())
    return _Span(start, max(start, span.start + len(content.rstrip())))
