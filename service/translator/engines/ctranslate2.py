"""Translate with CTranslate2: the default engine, int8 weights on CPUs."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import ctranslate2

from translator.engines.model_files import TOKENIZER, explained, model_files
from translator.engines.protocol import Decoding, Output, Pieces
from translator.engines.tokenizer import Tokenizer

# An engine keeps every core busy. On equal terms with it, each short step of taking, refusing or
# answering a request waits for its turn on a core: at twice the capacity on two cores, refusals took
# seconds and not milliseconds (service/README.md, Measured). Only threads of this container give way
# to each other so; what it gets beside other containers is their cgroups' matter.
NICE = 15

_TASKS = Path("/proc/self/task")


@contextmanager
def giving_way() -> Iterator[None]:
    """Threads that a library starts within the block are of low priority; those of Python are not (Linux)."""
    before = _threads()
    yield
    started = _threads() - before
    for thread in started - {each.native_id for each in threading.enumerate()}:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.setpriority(os.PRIO_PROCESS, thread, NICE)


def _threads() -> set[int]:
    return {int(path.name) for path in _TASKS.iterdir()} if _TASKS.is_dir() else set()


# Where oneDNN goes over to another way to multiply floats: sums of sentences padded to more pieces than
# this are rounded differently. Found by comparing scores of all pairs of lengths; docs/adr/0007.
_SHORT = 15
_MIDDLE = 96


class CTranslate2Engine:
    """A loaded model with one single-threaded replica per CPU.

    Replicas beat threads inside a replica, for small models and for large ones (service/README.md, Measured).
    They share one set of weights.

    A batch does not change an answer. Decoding is a beam search without sampling; the weights' products
    are sums of integers, which no order can change; padding is masked. What padding can still change
    is how the floats of the attention are summed up, and so buckets keep sentences apart that would
    make each other's be summed differently. tests/unit/translator/test_translator_engines.py compares
    batches of many shapes, with the embedded model; ADR 7 says what is known of others.
    """

    def __init__(self, model_dir: Path, replicas: int, decoding: Decoding) -> None:
        """Raise RuntimeError, with the file that is wrong, when `model_dir` does not hold a model."""
        self.decoding = decoding
        self.replicas = replicas
        with explained(model_dir, TOKENIZER):
            self._tokenizer = Tokenizer(model_dir)
        # On a single core an engine that gives way would hardly be let in beside many refusals.
        way = giving_way() if replicas > 1 else nullcontext()
        with explained(model_dir, model_files(model_dir)), way:
            self._translator = ctranslate2.Translator(
                str(model_dir), device="cpu", inter_threads=replicas, intra_threads=1
            )
        self._search = {
            "beam_size": decoding.beam_size,
            "patience": 1,
            "length_penalty": decoding.length_penalty,
            "coverage_penalty": 0,
            "repetition_penalty": 1,
            "no_repeat_ngram_size": decoding.no_repeat_ngram_size,
            "max_input_length": decoding.max_input_length,
            "max_decoding_length": decoding.max_decoding_length,
            "min_decoding_length": 1,
            "disable_unk": True,
            "sampling_topk": 1,
            "num_hypotheses": 1,
        }

    def encode(self, sentence: str) -> Pieces:
        """Return the sentence in pieces."""
        return self._tokenizer.encode(sentence, self.decoding.max_input_length)

    def bucket(self, pieces: Pieces) -> int:
        """0 for short sentences, 1 for others; the very long ones only share with their own length."""
        length = len(pieces)
        return length if length > _MIDDLE else int(length > _SHORT)

    def translate(self, batch: Sequence[Pieces]) -> list[Output]:
        """Return one output per sentence of one bucket, in order; the whole batch on one replica."""
        results = self._translator.translate_batch([list(pieces) for pieces in batch], **self._search)
        return [
            Output(self._tokenizer.decode(result.hypotheses[0]), len(result.hypotheses[0]))
            for result in results
        ]
