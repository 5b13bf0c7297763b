"""Say what an engine is, and how a translation is searched for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Pieces = Sequence[str]
"""One sentence as SentencePiece cut it, with the mark that ends a sentence."""


@dataclass(frozen=True)
class Decoding:
    """How a translation is searched for: the one place of every value that changes an answer.

    Each engine spells all of them out to its library, so that no default of a library, or of a
    model's own configuration, can make two engines differ.

    `length_penalty` is the exponent of the length that a hypothesis' score is divided by.
    `no_repeat_ngram_size` stops the loops that a small model falls into; it counts pieces, and a
    rare word is spelt with several, so a smaller value would forbid to name a thing twice.
    The lengths are in pieces. A sentence of `text.sentences` has some 30, but one character can
    become 18 of them (U+FDFA), and the model has no positions past 512.
    `<unk>` is never produced: it stands for no text.
    """

    beam_size: int = 4
    length_penalty: float = 1.0
    no_repeat_ngram_size: int = 6
    max_decoding_length: int = 128
    max_input_length: int = 256


@dataclass(frozen=True, slots=True)
class Output:
    """What an engine made of one sentence: the text, as it came, and how many pieces it had."""

    text: str
    pieces: int


class Engine(Protocol):
    """A loaded model. Every method may be called from many threads at a time.

    The same pieces give the same output, whatever runs beside and whatever they are batched with,
    as long as only sentences of one bucket share a batch.
    """

    @property
    def decoding(self) -> Decoding:
        """The settings that its outputs were searched with."""

    @property
    def replicas(self) -> int:
        """Batches that it can work on at a time, each as fast as if it were alone."""

    def encode(self, sentence: str) -> Pieces:
        """Return the sentence in pieces, at most `decoding.max_input_length` of them."""

    def bucket(self, pieces: Pieces) -> int:
        """Return which sentences these may share a batch with."""

    def translate(self, batch: Sequence[Pieces]) -> list[Output]:
        """Return one output per sentence of one bucket, in order."""
