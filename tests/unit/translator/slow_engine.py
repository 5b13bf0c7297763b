"""An engine whose every batch waits until a test lets it go: scheduling can be watched without luck."""

import threading
from collections.abc import Sequence

from translator.engines.protocol import Decoding, Output, Pieces


class SlowEngine:
    """Says a sentence back in capitals; a piece is a character, # marks the second bucket, `boom` fails."""

    decoding = Decoding()

    def __init__(self, replicas: int = 1) -> None:
        self.replicas = replicas
        self.batches: list[list[str]] = []
        self._started = threading.Semaphore(0)
        self._released = threading.Semaphore(0)

    def encode(self, sentence: str) -> Pieces:
        return list(sentence)

    def bucket(self, pieces: Pieces) -> int:
        return int("#" in pieces)

    def translate(self, batch: Sequence[Pieces]) -> list[Output]:
        sentences = ["".join(pieces) for pieces in batch]
        self.batches.append(sentences)
        self._started.release()
        assert self._released.acquire(timeout=20)
        if "boom" in sentences:
            raise RuntimeError("boom")
        return [Output(sentence.upper(), len(sentence)) for sentence in sentences]

    def wait_for_batch(self) -> list[str]:
        """The next batch, once it has begun."""
        assert self._started.acquire(timeout=20)
        return self.batches[-1]

    def release(self, batches: int = 1) -> None:
        """Let so many batches end."""
        self._released.release(batches)


class Counts:
    """Remembers what it is told, as a Meter."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.waits: list[float] = []
        self.tokens = 0
        self.hits = self.misses = 0
        self.refusals: list[str] = []

    def batch(self, sentences: int, tokens: int, seconds: float) -> None:
        self.batches.append(sentences)

    def waited(self, seconds: float) -> None:
        self.waits.append(seconds)

    def produced(self, tokens: int) -> None:
        self.tokens += tokens

    def cache(self, hits: int, misses: int) -> None:
        self.hits += hits
        self.misses += misses

    def refused(self, reason: str) -> None:
        self.refusals.append(reason)
