"""Define the two models to measure: the embedded one, and one of a real Marian model's shape."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scratch import ROOT
from service_parts import corpus, programs
from service_parts.shape import RECIPE

EMBEDDED = ROOT / "service" / "models" / "zh-en-tiny" / "2026.11"
POOL = 20_000  # distinct texts


@dataclass(frozen=True)
class Model:
    """One model in its two forms, and what is asked of it; `max_length` is in pieces.

    `trained`: whether its best translation is much better than the next, so that rounding decides nothing.
    """

    name: str
    hf: Path
    ctranslate2: Path
    max_length: int
    texts: Sequence[str]
    trained: bool


@dataclass(frozen=True)
class Decoding:
    """What a request costs, apart from its text: the same for everything that is compared."""

    beam_size: int
    max_length: int
    length_penalty: float = 1.0
    no_repeat_ngram_size: int = 6

    def ctranslate2(self) -> dict[str, float]:
        """Return the same in the words of CTranslate2."""
        return {
            "beam_size": self.beam_size,
            "max_decoding_length": self.max_length,
            "length_penalty": self.length_penalty,
            "no_repeat_ngram_size": self.no_repeat_ngram_size,
        }


def embedded() -> Model:
    """Return the model that the service brings: small, and its sentences end by themselves."""
    return Model(
        "embedded", EMBEDDED / "hf", EMBEDDED / "ct2-int8", 128, corpus.sentences(POOL), trained=True
    )


def real_shape() -> Model:
    """Return a model as large as those in use, with random weights; made once, then kept beside other caches.

    Its translations mean nothing, so their length is fixed: 25 pieces, about that of a sentence.
    """
    folder = Path(os.environ.get("RELCTL_STATE_DIR", ROOT / ".relctl")) / "cache" / "benchmarks" / RECIPE
    if not folder.is_dir():
        programs.run("shape", {"tokenizer": str(EMBEDDED / "hf"), "folder": str(folder)})
    return Model("real_shape", folder / "hf", folder / "ct2-int8", 25, corpus.pairs(POOL), trained=False)
