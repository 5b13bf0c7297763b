"""Translates sentences: from the cache, else by the engine, within the request's deadline."""

from collections.abc import Sequence
from typing import Protocol

from translator.batching.batcher import Batcher
from translator.batching.batcher import Meter as BatchMeter
from translator.batching.cache import Cache
from translator.batching.errors import DeadlineError, QueueFullError
from translator.engines.protocol import Engine


class Meter(BatchMeter, Protocol):
    """What wants to know about translations; observe.metrics.Metrics is one."""

    def cache(self, hits: int, misses: int) -> None:
        """So many sentences were, and were not, in the cache."""

    def refused(self, reason: str) -> None:
        """A request was not translated: `queue_full` or `deadline`."""


class Translator:
    """The door to the engine; safe from any thread."""

    def __init__(self, engine: Engine, batcher: Batcher, cache: Cache, deadline: float, meter: Meter) -> None:
        """`deadline`: seconds that a request may take."""
        self._engine = engine
        self._batcher = batcher
        self._cache = cache
        self._deadline = deadline
        self._meter = meter

    def translate(self, sentences: Sequence[str]) -> list[str]:
        """What the engine says to each sentence, in order; the same sentence is asked for once.

        Raises QueueFullError at once, or DeadlineError after the deadline.
        """
        distinct = dict.fromkeys(sentences)
        found = self._cache.find(distinct)
        missing = [sentence for sentence in distinct if sentence not in found]
        self._meter.cache(len(distinct) - len(missing), len(missing))
        if missing:
            found |= self._ask(missing)
        return [found[sentence] for sentence in sentences]

    def _ask(self, sentences: Sequence[str]) -> dict[str, str]:
        pieces = [self._engine.encode(sentence) for sentence in sentences]
        try:
            outputs = self._batcher.translate(pieces, self._deadline)
        except QueueFullError:
            self._meter.refused("queue_full")
            raise
        if outputs is None:
            self._meter.refused("deadline")
            raise DeadlineError(self._deadline)
        answers = {sentence: output.text for sentence, output in zip(sentences, outputs, strict=True)}
        self._cache.remember(answers)
        return answers
