"""Translate with CTranslate2 and nothing around it: the upper limit of a service.

A program: JSON in, JSON out. One process, a thread per core, all in large batches, tokenising included.
"""

import json
import os
import sys
import time
from typing import Any

import ctranslate2
import sentencepiece


class Engine:
    """A model with one single-threaded replica per core."""

    def __init__(self, folder: str, search: dict[str, Any]) -> None:
        replicas = len(os.sched_getaffinity(0))
        self._translator = ctranslate2.Translator(folder, inter_threads=replicas, intra_threads=1)
        self._source = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/source.spm")
        self._target = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/target.spm")
        self._search = search

    def translate(self, texts: list[str], batch_size: int) -> list[str]:
        """Return the translations of all texts."""
        pieces = [[*self._source.encode(text, out_type=str), "</s>"] for text in texts]
        results = self._translator.translate_batch(
            pieces, max_batch_size=batch_size, disable_unk=True, **self._search
        )
        return [self._target.decode(result.hypotheses[0]) for result in results]


def main() -> None:
    """Read a job and answer with translations, and texts a second for each batch size."""
    job = json.load(sys.stdin)
    engine = Engine(job["model"], job["search"])
    engine.translate(job["texts"][:64], 32)
    translations: list[str] = []
    rates = {}
    for batch_size in job["batch_sizes"]:
        began = time.perf_counter()
        translations = engine.translate(job["texts"], batch_size)
        rates[batch_size] = len(job["texts"]) / (time.perf_counter() - began)
    json.dump({"translations": translations, "per_second": rates}, sys.stdout)


if __name__ == "__main__":
    main()
