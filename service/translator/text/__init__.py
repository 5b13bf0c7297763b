"""Translate texts: cut into pieces, all pieces to the model at once, cleaned, and put together again."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

from translator.text.clean import clean as clean_output
from translator.text.marks import TO_ENGLISH
from translator.text.sentences import Passage, Piece, split

# The number of an item in a list, as Chinese writes it; English has a full stop there.
_NUMBERED = re.compile(r"^([0-9０-９]+)、$")


def translate_texts(texts: Sequence[str], translate: Callable[[Sequence[str]], list[str]]) -> list[str]:
    """Return one translation per text; line breaks, blank lines, indentation and other blanks stay.

    `translate` takes the pieces of all texts in one call and answers with as many raw outputs, in
    order; it is not called when there are none. What holds nothing Chinese (emoji, numbers,
    addresses, English) is kept. So is a piece to which the model says nothing: no text is invented.
    """
    passages = [split(text) for text in texts]
    pieces = [piece for passage in passages for piece in passage.pieces if not piece.kept]
    outputs = translate([piece.text for piece in pieces]) if pieces else []
    pairs = list(zip(pieces, outputs, strict=True))
    cleaned = {pair: clean_output(*pair) for pair in dict.fromkeys(pairs)}  # a long text repeats itself
    said = iter([cleaned[pair] or pair[0].text for pair in pairs])
    return [_join(passage, said) for passage in passages]


def _join(passage: Passage, said: Iterator[str]) -> str:
    parts = [passage.lead]
    for piece, following in zip_longest(passage.pieces, passage.pieces[1:]):
        parts += [_keep(piece, following) if piece.kept else next(said), _gap(piece, following)]
    return "".join(parts)


def _keep(piece: Piece, following: Piece | None) -> str:
    """Return the piece itself; where English is around it, its punctuation is English too."""
    alone = piece.opens and piece.closes
    if alone and (following is None or following.kept or piece.ends_line):
        return piece.text
    return _NUMBERED.sub(r"\1.", piece.text).translate(TO_ENGLISH)


def _gap(piece: Piece, following: Piece | None) -> str:
    """Return what stood after the piece; between sentences English has a space where Chinese has nothing."""
    if piece.after or following is None or (piece.kept and following.kept):
        return piece.after
    return " "
