"""Hold the sentences of a request from when they wait until all are translated, and those of a batch."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from translator.engines.protocol import Output, Pieces


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in pieces, and the bucket that it may share a batch with."""

    pieces: Pieces
    bucket: int = 0


class Job:
    """One request's sentences, some of them waiting, some being translated, some done.

    Only `wait`, `wanted` and `outputs` may be used without the lock of the queue that the job is in.
    """

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self.since = time.monotonic()
        self.tokens = sum(len(sentence.pieces) for sentence in sentences)
        self._sentences = sentences
        self._outputs: list[Output | None] = [None] * len(sentences)
        self._error: Exception | None = None
        self._missing = len(sentences)
        self._done = threading.Event()
        self._wanted = True
        # By length: neighbours in a batch are padded to the longest, so they should be of one length.
        self._waiting: dict[int, deque[int]] = {}
        for index in sorted(range(len(sentences)), key=lambda index: -len(sentences[index].pieces)):
            self._waiting.setdefault(sentences[index].bucket, deque()).append(index)

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits for what has not been translated."""
        return self._wanted

    @property
    def waiting(self) -> int:
        """Sentences that wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def bucket(self) -> int:
        """The bucket of the longest sentence that waits."""
        return next(iter(self._waiting))

    def waits_in(self, bucket: int) -> bool:
        """Return whether a sentence of this bucket waits."""
        return bucket in self._waiting

    def next_length(self, bucket: int) -> int:
        """Return the tokens of the next sentence that waits in the bucket."""
        return len(self._sentences[self._waiting[bucket][0]].pieces)

    def take(self, bucket: int) -> "Ticket":
        """Return the next sentence of the bucket, which waits no longer."""
        index = self._waiting[bucket].popleft()
        if not self._waiting[bucket]:
            del self._waiting[bucket]
        pieces = self._sentences[index].pieces
        self.tokens -= len(pieces)
        return Ticket(self, index, pieces)

    def drop(self) -> None:
        """Nothing of this job waits any longer, and nobody waits for it."""
        self._wanted = False
        self._waiting.clear()
        self.tokens = 0

    def deliver(self, index: int, output: Output) -> None:
        """The output of one sentence."""
        self._outputs[index] = output
        self._missing -= 1
        if not self._missing:
            self._done.set()

    def fail(self, error: Exception) -> None:
        """Why a sentence has no output; a failed sentence fails the request."""
        self._error = error
        self._done.set()

    def wait(self, seconds: float) -> None:
        """Return when the job is finished, after `seconds` at the latest."""
        self._done.wait(seconds)

    def outputs(self) -> list[Output | None]:
        """Return one output per sentence, in order, or None; raises what the engine raised."""
        if self._error:
            raise self._error
        return list(self._outputs)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A sentence on its way through a batch, and the job that waits for it."""

    job: Job
    index: int
    pieces: Pieces


Answer = tuple[Ticket, Output]


class Batch:
    """Sentences of one bucket that the engine will translate together."""

    def __init__(self, bucket: int, tokens: int, sentences: int) -> None:
        """`tokens`: padded, at most; `sentences`: at most."""
        self.bucket = bucket
        self.tickets: list[Ticket] = []
        self._tokens = tokens
        self._sentences = sentences
        self._longest = 0

    @property
    def full(self) -> bool:
        """Whether not even the shortest sentence fits."""
        return not self.fits(1)

    def fits(self, length: int) -> bool:
        """Return whether one more sentence of `length` tokens fits; the first one always does."""
        if not self.tickets:
            return True
        # A batch costs what its longest sentence costs, for each of its sentences.
        padded = max(self._longest, length) * (len(self.tickets) + 1)
        return len(self.tickets) < self._sentences and padded <= self._tokens

    def add(self, job: Job) -> None:
        """Take the next sentence of the job."""
        ticket = job.take(self.bucket)
        self._longest = max(self._longest, len(ticket.pieces))
        self.tickets.append(ticket)
