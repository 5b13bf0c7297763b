"""Translates sentences with a CTranslate2 model."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import ctranslate2
import sentencepiece


@dataclass(frozen=True)
class Decoding:
    """How a translation is searched for. Every value that changes an answer stands here.

    `no_repeat_ngram_size` stops the loops that a small model falls into; it counts pieces, and a
    rare word is spelt with several, so a smaller value would forbid to name a thing twice.
    The lengths are in pieces. Sentences of `text.split` have some 30, but one character can become
    18 of them (U+FDFA), and the model has no positions past 512.
    """

    beam_size: int = 4
    length_penalty: float = 1.0
    no_repeat_ngram_size: int = 6
    max_input_length: int = 256
    max_decoding_length: int = 128
    disable_unk: bool = True


class Engine:
    """A loaded model with one single-threaded replica per CPU.

    Replicas beat threads inside a replica: matrices this small cost more to share than to
    multiply. All methods may be called from many threads at a time.

    The same text gives the same translation at any concurrency, because nothing of a request
    depends on another one: decoding is a beam search without sampling, replicas share one set of
    weights, and sentences are batched only with sentences of the same call, in an order which
    those alone decide.
    """

    def __init__(self, model_dir: Path, replicas: int, decoding: Decoding) -> None:
        """Raises RuntimeError or OSError when `model_dir` does not hold a model."""
        self._decoding = asdict(decoding)
        self._source = _tokenizer(model_dir / "source.spm")
        self._target = _tokenizer(model_dir / "target.spm")
        self._translator = ctranslate2.Translator(
            str(model_dir), device="cpu", inter_threads=replicas, intra_threads=1
        )

    def translate(self, sentences: Sequence[str]) -> list[str]:
        """One translation per sentence, in order."""
        # The converted model does not add the end of the sentence by itself (see its card).
        pieces = [[*self._source.encode(s, out_type=str), "</s>"] for s in sentences]
        # A batch is decoded as long as its longest sentence, so it is worth little past eight,
        # and smaller batches spread one long text over all replicas.
        results = self._translator.translate_batch(pieces, max_batch_size=8, **self._decoding)
        return [self._target.decode(result.hypotheses[0]) for result in results]


def _tokenizer(path: Path) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(path))
