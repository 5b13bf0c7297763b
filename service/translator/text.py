"""Cuts a text into sentences, and puts their translations back where the sentences stood."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

# The model learnt from short sentences (see its card): a longer one is cut, at a comma if it can be.
LONGEST = 30

_LINE_BREAK = re.compile(r"(\r\n|\r|\n)")
# ASCII marks end a sentence only outside of 3.14, a.b.c and ?key=value.
_END = r"[。！？]+|[!?]++(?![A-Za-z0-9])|\.++(?=\s|\Z)"
_SENTENCE = re.compile(rf"""(?s).+?(?:{_END}|\Z)[”’」』）)\]】》"']*""")
_PAUSES = "，,；;：:、 "
# Control characters mean nothing to a reader, and a lone surrogate cannot be written as UTF-8.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Line:
    """One line of a text: its indentation, its sentences and the line break that ends it."""

    indent: str
    sentences: tuple[str, ...]
    end: str


def clean(text: str) -> str:
    """The text without control characters (tab and line breaks aside) and lone surrogates."""
    return _UNWRITABLE.sub("", text)


def translate_text(text: str, translate: Callable[[Sequence[str]], list[str]]) -> str:
    """The translation of a whole text; line breaks, blank lines and indentation stay as they are.

    `translate` takes all sentences of the text at once and answers with as many, in order. What
    holds no letter and no digit (an emoji, a ruler of dashes) is kept instead of translated.
    """
    lines = list(split(text))
    sentences = [s for line in lines for s in line.sentences if has_words(s)]
    translations = iter(translate(sentences))
    return "".join(
        line.indent + " ".join(next(translations) if has_words(s) else s for s in line.sentences) + line.end
        for line in lines
    )


def split(text: str) -> Iterator[Line]:
    """The lines of a text, each cut into sentences of at most LONGEST characters."""
    parts = _LINE_BREAK.split(text)
    for content, end in zip(parts[::2], [*parts[1::2], ""], strict=True):
        body = content.lstrip()
        indent = content[: len(content) - len(body)]
        sentences = [s.strip() for s in _SENTENCE.findall(body)]
        yield Line(indent, tuple(piece for s in sentences if s for piece in _shorten(s)), end)


def has_words(sentence: str) -> bool:
    """Whether there is anything to translate: a letter (Han characters are letters) or a digit."""
    return any(character.isalnum() for character in sentence)


def _shorten(sentence: str) -> Iterator[str]:
    while len(sentence) > LONGEST:
        pause = max(sentence.rfind(mark, 0, LONGEST) for mark in _PAUSES) + 1
        # A first piece of a few characters would leave the model too little to go by.
        cut = pause if pause >= LONGEST // 3 else LONGEST
        yield sentence[:cut].rstrip()
        sentence = sentence[cut:].lstrip()
    yield sentence
