"""Run the engine: one thread per replica takes a batch from the queue whenever its replica is free."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from translator.batching.job import Answer, Job, Sentence, Ticket
from translator.batching.queue import NO_PAUSE, Limits, Pause, Queue
from translator.engines.protocol import Engine, Output, Pieces

# Who has just been answered often comes again at once. A runner that took a second request along
# waits for as many to come back, for this part of the time the batch took; on an idle service, or
# with one caller at a time, nobody ever waits.
_PATIENCE = 0.05

_log = logging.getLogger(__name__)


class Meter(Protocol):
    """What wants to know about translations and batches; observe.metrics.Metrics is one."""

    def cache(self, hits: int, misses: int) -> None:
        """Count sentences that were, and were not, in the cache."""

    def refused(self, reason: str) -> None:
        """Count a request that was not translated: `queue_full` or `deadline`."""

    def batch(self, sentences: int, tokens: int, seconds: float) -> None:
        """Count a batch that was translated."""

    def waited(self, seconds: float) -> None:
        """Count how long a sentence waited for its batch."""

    def produced(self, tokens: int) -> None:
        """Count tokens that came out."""


class Batcher:
    """Translates the sentences of many requests together; safe from any thread."""

    def __init__(self, engine: Engine, limits: Limits, meter: Meter) -> None:
        self.queue = Queue(limits, engine.replicas)
        self._engine = engine
        self._meter = meter
        for number in range(engine.replicas):
            threading.Thread(target=self._run, name=f"engine-{number}", daemon=True).start()

    def translate(self, sentences: Sequence[Pieces], seconds: float) -> list[Output | None]:
        """Return one output per sentence, in order; None for those that `seconds` were not enough for.

        Raises what the engine raised.
        """
        if not sentences or seconds <= 0:
            return [None] * len(sentences)
        job = Job([Sentence(pieces, self._engine.bucket(pieces)) for pieces in sentences])
        self.queue.put(job)
        try:
            job.wait(seconds)
            return job.outputs()
        finally:
            self.queue.give_up(job)

    def _run(self) -> None:
        pause = NO_PAUSE
        while True:
            batch = self.queue.take(pause)
            started = time.monotonic()
            answers = self._translate(batch)
            seconds = time.monotonic() - started
            self.queue.deliver(answers, _tokens(batch), seconds)
            try:
                self._count(batch, answers, started, seconds)
            except Exception:  # noqa: BLE001  who is counted has been answered, and a runner must not end
                _log.exception("a batch of %d sentences was not counted", len(batch))
            requests = len({ticket.job for ticket in batch})
            pause = Pause(requests, _PATIENCE * seconds) if requests > 1 else NO_PAUSE

    def _translate(self, batch: Sequence[Ticket]) -> list[Answer]:
        """Return the answers to sentences that could be translated; the requests of the others failed."""
        try:
            return self._ask(batch)
        except Exception as error:  # noqa: BLE001  one sentence must not spoil the answers of the others
            _log.exception("a batch of %d sentences failed; looking for the ones that fail", len(batch))
            return self._halve(batch, error)

    def _halve(self, batch: Sequence[Ticket], error: Exception) -> list[Answer]:
        if len(batch) == 1:
            self.queue.fail(batch[0].job, error)
            return []
        middle = len(batch) // 2
        return self._try_again(batch[:middle]) + self._try_again(batch[middle:])

    def _try_again(self, batch: Sequence[Ticket]) -> list[Answer]:
        wanted = [ticket for ticket in batch if ticket.job.wanted]
        try:
            return self._ask(wanted) if wanted else []
        except Exception as error:  # noqa: BLE001  the request that it belongs to raises it
            return self._halve(wanted, error)

    def _ask(self, batch: Sequence[Ticket]) -> list[Answer]:
        outputs = self._engine.translate([ticket.pieces for ticket in batch])
        if len(outputs) != len(batch):
            raise RuntimeError(f"{len(outputs)} outputs for {len(batch)} sentences")
        return list(zip(batch, outputs, strict=True))

    def _count(
        self,
        batch: Sequence[Ticket],
        answers: Sequence[Answer],
        started: float,
        seconds: float,
    ) -> None:
        for ticket in batch:
            self._meter.waited(started - ticket.job.since)
        self._meter.batch(len(batch), _tokens(batch), seconds)
        self._meter.produced(sum(output.pieces for _, output in answers))


def _tokens(batch: Sequence[Ticket]) -> int:
    return sum(len(ticket.pieces) for ticket in batch)
