"""Decide which requests are let in and which sentences share a batch."""

import math
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from translator.batching.job import Answer, Batch, Job, Ticket


class QueueFullError(Exception):
    """As much waits already as can be translated in a sensible time."""

    def __init__(self, retry_after: int) -> None:
        """`retry_after`: whole seconds after which another attempt makes sense."""
        super().__init__("The service is busy; try again in a moment.")
        self.retry_after = retry_after


class DeadlineError(Exception):
    """The translation was not done in time; what was still waiting of it is not done at all."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: how long the request was given."""
        super().__init__(
            f"The translation took longer than {seconds:g} seconds; send less text, or try later."
        )


_LONGEST_RETRY = 60  # seconds


@dataclass(frozen=True)
class Limits:
    """`requests` and their `characters`: let in at a time; `batch_tokens`: padded, in a batch."""

    requests: int
    characters: int
    batch_tokens: int


@dataclass(frozen=True)
class Pause:
    """How long a runner may wait for a batch to fill, and with how many requests it is full."""

    requests: int
    seconds: float


NO_PAUSE = Pause(0, 0.0)


class Queue:
    """The requests that are let in, and the sentences of theirs that wait; safe from any thread.

    A batch is filled from all waiting jobs in turn, so that a long text does not hold up a short one.
    What waits is shared out over the runners that are free.
    """

    def __init__(self, limits: Limits, runners: int) -> None:
        """`runners`: threads that call `take`."""
        self._limits = limits
        self._runners = runners
        self._changed = threading.Condition()
        self._jobs: deque[Job] = deque()  # those with sentences that wait
        self._admitted = 0
        self._characters = 0  # of the requests that are let in
        self._tokens = 0
        self._free = 0
        self._rate = 0.0  # tokens a second over all runners, smoothed

    @property
    def requests(self) -> int:
        """Requests that wait or are being translated."""
        return self._admitted

    @property
    def tokens(self) -> int:
        """Tokens that wait."""
        return self._tokens

    @property
    def is_full(self) -> bool:
        """Return whether so many requests are let in that there is no room for another; takes no lock."""
        return self._admitted >= self._limits.requests

    def require_room(self, *, crowded: bool = False) -> None:
        """Raise QueueFullError where no request would be let in; takes no lock, to cost nothing.

        `crowded`: who asks has no means to wait, so there is no room, however empty the queue is.
        """
        if crowded or self._admitted >= self._limits.requests:
            raise QueueFullError(self._retry_after())

    @contextmanager
    def admitted(self, characters: int) -> Iterator[None]:
        """Let a request in while the block runs; raises QueueFullError at once where there is no room.

        A request larger than the whole queue is let in when there is no other.
        """
        with self._changed:
            # What is no more than a fair share is let in however long the others are.
            large = characters > self._limits.characters // self._limits.requests
            crowded = large and self._admitted and self._characters + characters > self._limits.characters
            if crowded or self._admitted >= self._limits.requests:
                raise QueueFullError(self._retry_after())
            self._admitted += 1
            self._characters += characters
        try:
            yield
        finally:
            with self._changed:
                self._admitted -= 1
                self._characters -= characters

    def put(self, job: Job) -> None:
        """The sentences of a job wait from now on."""
        with self._changed:
            self._tokens += job.tokens
            self._jobs.append(job)
            self._changed.notify(self._free)

    def give_up(self, job: Job) -> None:
        """What still waits of the job is not done."""
        with self._changed:
            self._forget(job)

    def take(self, pause: Pause = NO_PAUSE) -> list[Ticket]:
        """Return the next batch, as soon as anything waits; within `pause`, as soon as enough does."""
        with self._changed:
            self._free += 1
            until = time.monotonic() + pause.seconds
            try:
                while not self._jobs:
                    self._changed.wait()
                self._linger(pause.requests, until)
                while not self._jobs:
                    self._changed.wait()
                return self._fill()
            finally:
                self._free -= 1

    def deliver(self, answers: Iterable[Answer], tokens: int, seconds: float) -> None:
        """Hand the outputs of a batch of so many tokens, which took `seconds`, to their jobs."""
        with self._changed:
            rate = self._runners * tokens / max(seconds, 1e-6)
            self._rate += (0.2 if self._rate else 1.0) * (rate - self._rate)
            for ticket, output in answers:
                ticket.job.deliver(ticket.index, output)

    def fail(self, job: Job, error: Exception) -> None:
        """The job fails, at once; what still waits of it is not done."""
        with self._changed:
            self._forget(job)
            job.fail(error)

    def _forget(self, job: Job) -> None:
        self._tokens -= job.tokens
        job.drop()
        if job in self._jobs:
            self._jobs.remove(job)

    def _linger(self, requests: int, until: float) -> None:
        while len(self._jobs) < requests and (left := until - time.monotonic()) > 0:
            self._changed.wait(left)

    def _fill(self) -> list[Ticket]:
        first = self._jobs[0]  # of its bucket, so that it always gets a sentence in
        share = math.ceil(sum(job.waiting for job in self._jobs) / self._free)
        batch = Batch(first.bucket, self._limits.batch_tokens, share)
        jobs = deque(job for job in self._jobs if job.waits_in(batch.bucket))
        turn = self._limits.batch_tokens // len(jobs)
        while jobs and not batch.full:
            job = jobs.popleft()
            if self._serve(job, turn, batch):
                jobs.append(job)
        served = {ticket.job for ticket in batch.tickets}
        waiting = [job for job in self._jobs if job.waiting]
        # Who got nothing this time comes first the next time.
        self._jobs = deque(sorted(waiting, key=lambda job: job in served))
        return batch.tickets

    def _serve(self, job: Job, turn: int, batch: Batch) -> bool:
        """Add a turn's tokens of one job to the batch; return whether the next of its sentences fits too."""
        used = 0
        while job.waits_in(batch.bucket):
            length = job.next_length(batch.bucket)
            if not batch.fits(length):
                return False  # others may have shorter ones that do
            if used and used + length > turn:
                return True
            used += length
            self._tokens -= length
            batch.add(job)
        return False

    def _retry_after(self) -> int:
        if not self._rate:
            return 1
        return min(_LONGEST_RETRY, math.ceil(self._tokens / self._rate) or 1)
