"""Runs the engine: one thread per replica takes a batch from the queue whenever its replica is free."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from translator.batching.job import Job, Sentence, Ticket
from translator.batching.queue import NO_PAUSE, Limits, Pause, Queue
from translator.engines.protocol import Engine, Output, Pieces

# Who has just been answered often comes again at once. A runner that took a second request along
# waits for as many to come back, for this part of the time the batch took; on an idle service, or
# with one caller at a time, nobody ever waits.
_PATIENCE = 0.05

_log = logging.getLogger(__name__)


class Meter(Protocol):
    """What wants to know about batches; observe.metrics.Metrics is one."""

    def batch(self, sentences: int, tokens: int, seconds: float) -> None:
        """A batch was translated."""

    def waited(self, seconds: float) -> None:
        """A sentence waited so long for its batch."""

    def produced(self, tokens: int) -> None:
        """So many tokens came out."""


class Batcher:
    """Translates the sentences of many requests together; safe from any thread."""

    def __init__(self, engine: Engine, limits: Limits, meter: Meter) -> None:
        self.queue = Queue(limits, engine.replicas)
        self._engine = engine
        self._meter = meter
        for number in range(engine.replicas):
            threading.Thread(target=self._run, name=f"engine-{number}", daemon=True).start()

    def translate(self, sentences: Sequence[Pieces], seconds: float) -> list[Output] | None:
        """One output per sentence, in order; None when `seconds` were not enough.

        Raises what the engine raised.
        """
        if not sentences:
            return []
        job = Job([Sentence(pieces, self._engine.bucket(pieces)) for pieces in sentences])
        self.queue.put(job)
        try:
            return job.outputs() if job.wait(seconds) else None
        finally:
            self.queue.give_up(job)

    def _run(self) -> None:
        pause = NO_PAUSE
        while True:
            batch = self.queue.take(pause)
            started = time.monotonic()
            outputs = self._translate(batch)
            seconds = time.monotonic() - started
            self.queue.deliver(batch, outputs, seconds)
            try:
                self._count(batch, outputs, started, seconds)
            except Exception:  # noqa: BLE001  who is counted has been answered, and a runner must not end
                _log.exception("a batch of %d sentences was not counted", len(batch))
            requests = len({ticket.job for ticket in batch})
            pause = Pause(requests, _PATIENCE * seconds) if requests > 1 else NO_PAUSE

    def _translate(self, batch: Sequence[Ticket]) -> list[Output] | list[Output | Exception]:
        try:
            return self._ask([ticket.pieces for ticket in batch])
        except Exception:  # noqa: BLE001  one sentence must not spoil the answers of the others in its batch
            _log.exception("a batch of %d sentences failed; trying them one by one", len(batch))
            return [self._translate_alone(ticket.pieces) for ticket in batch]

    def _translate_alone(self, pieces: Pieces) -> Output | Exception:
        try:
            return self._ask([pieces])[0]
        except Exception as error:  # noqa: BLE001  the request that it belongs to raises it
            return error

    def _ask(self, sentences: Sequence[Pieces]) -> list[Output]:
        outputs = self._engine.translate(sentences)
        if len(outputs) != len(sentences):
            raise RuntimeError(f"{len(outputs)} outputs for {len(sentences)} sentences")
        return outputs

    def _count(
        self,
        batch: Sequence[Ticket],
        outputs: Sequence[Output | Exception],
        started: float,
        seconds: float,
    ) -> None:
        for ticket in batch:
            self._meter.waited(started - ticket.job.since)
        self._meter.batch(len(batch), sum(len(ticket.pieces) for ticket in batch), seconds)
        self._meter.produced(sum(output.pieces for output in outputs if isinstance(output, Output)))
