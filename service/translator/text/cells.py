"""Cuts a text into what is language by itself: lines, and in them the cells of a table."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# A tab, or more than one blank, is what columns are made of; so are bars, in Markdown. No sentence
# goes across them. A single blank is not enough, and a bar in a cell of Markdown is written \|.
_BETWEEN = re.compile(r"[\n\r\t\x0b\x0c\x85\u2028\u2029]|\s{2,}|(?<!\\)[|｜]")
_LINE_BREAK = re.compile(r"[\n\r\x0b\x0c\x85\u2028\u2029]")


class Span(NamedTuple):
    """Characters of a text, from `start` up to, but without, `end`."""

    start: int
    end: int


def find_cells(text: str) -> Iterator[Span]:
    """All cells of all lines, in order; what is between them belongs to none."""
    start = 0
    for between in _BETWEEN.finditer(text):
        if between.start() > start:
            yield Span(start, between.start())
        start = between.end()
    if start < len(text):
        yield Span(start, len(text))


def breaks_line(between: str) -> bool:
    """Whether what stands between two cells begins a new line."""
    return _LINE_BREAK.search(between) is not None


def trim(text: str, span: Span) -> Span:
    """The span without blanks at its ends; empty, at its own end, if there is nothing else in it."""
    content = text[span.start : span.end]
    if not (content[:1].isspace() or content[-1:].isspace()):  # so are nearly all
        return span
    start = span.end - len(content.lstrip())
    return Span(start, max(start, span.start + len(content.rstrip())))
