"""Translate sentences: from the cache, else by the engine, within the request's deadline."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from translator.batching.batcher import Batcher, Meter
from translator.batching.cache import Cache
from translator.batching.queue import DeadlineError, QueueFullError
from translator.engines.protocol import Engine


class Translator:
    """The door to the engine; safe from any thread."""

    def __init__(self, engine: Engine, batcher: Batcher, cache: Cache, deadline: float, meter: Meter) -> None:
        """`deadline`: seconds that a request may take."""
        self._engine = engine
        self._batcher = batcher
        self._cache = cache
        self._deadline = deadline
        self._meter = meter

    @property
    def is_full(self) -> bool:
        """Return whether not even the smallest request would be let in."""
        return self._batcher.queue.is_full

    def require_room(self, *, crowded: bool = False) -> None:
        """Raise QueueFullError where not even the smallest request would be let in; `crowded`: anyway."""
        try:
            self._batcher.queue.require_room(crowded=crowded)
        except QueueFullError:
            self._meter.refused("queue_full")
            raise

    @contextmanager
    def admit(self, characters: int) -> Iterator[Callable[[Sequence[str]], list[str]]]:
        """Let in a request of so many characters, and give the function that translates its sentences.

        The room and the deadline are those of the whole request: cutting a long text into sentences
        is work too. Raises QueueFullError at once; the function raises DeadlineError.
        """
        until = time.monotonic() + self._deadline
        with ExitStack() as stack:
            try:
                stack.enter_context(self._batcher.queue.admitted(characters))
            except QueueFullError:
                self._meter.refused("queue_full")
                raise
            yield lambda sentences: self._translate(sentences, until)

    def _translate(self, sentences: Sequence[str], until: float) -> list[str]:
        """Return what the engine says to each sentence, in order; the same sentence is asked for once."""
        distinct = dict.fromkeys(sentences)
        found = self._cache.find(distinct)
        missing = [sentence for sentence in distinct if sentence not in found]
        self._meter.cache(len(distinct) - len(missing), len(missing))
        if missing:
            found |= self._ask(missing, until)
        return [found[sentence] for sentence in sentences]

    def _ask(self, sentences: Sequence[str], until: float) -> dict[str, str]:
        pieces = [self._engine.encode(sentence) for sentence in sentences]
        outputs = self._batcher.translate(pieces, until - time.monotonic())
        answers = {
            sentence: output.text for sentence, output in zip(sentences, outputs, strict=True) if output
        }
        # Also what was done of a request that comes too late: another attempt has less left to do.
        self._cache.remember(answers)
        if len(answers) < len(sentences):
            self._meter.refused("deadline")
            raise DeadlineError(self._deadline)
        return answers
