"""Cut sentences into SentencePiece pieces and put pieces together again."""

from collections.abc import Sequence
from pathlib import Path

import sentencepiece

_END = "</s>"


class Tokenizer:
    """The pair of SentencePiece models that lies beside a Marian model, in either of its forms."""

    def __init__(self, model_dir: Path) -> None:
        """Raise OSError or RuntimeError when `source.spm` or `target.spm` is missing or broken."""
        self._source = _load(model_dir / "source.spm")
        self._target = _load(model_dir / "target.spm")

    def encode(self, sentence: str, longest: int) -> list[str]:
        """At most `longest` pieces, the mark that ends the sentence among them.

        The converted model does not add that mark by itself (see its card).
        """
        pieces: list[str] = self._source.encode(sentence, out_type=str)
        return [*pieces[: longest - 1], _END]

    def decode(self, pieces: Sequence[str]) -> str:
        """Return the text that the pieces spell."""
        text: str = self._target.decode(list(pieces))
        return text


def _load(path: Path) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(path))
