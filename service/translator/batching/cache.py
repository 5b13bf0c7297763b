"""Remember the latest translations, within a number of bytes."""

import sys
import threading
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cachetools import LRUCache

from translator.engines.protocol import Decoding

# Bytes of an entry besides its two strings: the key, the value, and their places in three
# dictionaries (measured; test_translator_batching_cache.py holds it against tracemalloc).
_ENTRY = 450


class _Entry(NamedTuple):
    output: str
    size: int


class Cache:
    """Outputs of the engine by (model checksum, decoding settings, sentence), the latest used.

    What is remembered is what the engine said, not an answer: limits, checks and cleaning come before
    and after it, for a hit as for a miss. Safe from any thread.
    """

    def __init__(self, max_bytes: int, model_sha256: str, decoding: Decoding) -> None:
        """`max_bytes`: 0 remembers nothing."""
        self._entries: LRUCache[tuple[str, Decoding, str], _Entry] = LRUCache(
            max_bytes, getsizeof=lambda entry: entry.size
        )
        self._lock = threading.Lock()
        self._model = model_sha256
        self._decoding = decoding

    @property
    def bytes(self) -> int:
        """Bytes in use."""
        return int(self._entries.currsize)

    def find(self, sentences: Iterable[str]) -> dict[str, str]:
        """Return the outputs that are known, by sentence."""
        with self._lock:
            found = {sentence: self._entries.get(self._key(sentence)) for sentence in sentences}
        return {sentence: entry.output for sentence, entry in found.items() if entry}

    def remember(self, outputs: Mapping[str, str]) -> None:
        """Keep one output per sentence; what alone is larger than the cache is not kept."""
        with self._lock:
            for sentence, output in outputs.items():
                size = sys.getsizeof(sentence) + sys.getsizeof(output) + _ENTRY
                if size <= self._entries.maxsize:
                    self._entries[self._key(sentence)] = _Entry(output, size)

    def _key(self, sentence: str) -> tuple[str, Decoding, str]:
        return self._model, self._decoding, sentence
