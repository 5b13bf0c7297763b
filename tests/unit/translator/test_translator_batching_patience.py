"""A runner waits for callers to come back only after a batch of several, and only a little."""

import queue as queues
from collections.abc import Sequence

import pytest

from translator.batching.batcher import Batcher
from translator.batching.job import Job, Sentence, Ticket
from translator.batching.queue import NO_PAUSE, Limits, Pause, Queue
from translator.engines.protocol import Output, Pieces
from unit.translator.slow_engine import Counts, SlowEngine

SECONDS = 100.0  # that every batch takes


class TimedEngine(SlowEngine):
    """A slow engine that is also the clock."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def translate(self, batch: Sequence[Pieces]) -> list[Output]:
        outputs = super().translate(batch)
        self.now += SECONDS
        return outputs


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> "queues.Queue[Pause]":
    """The pause of every batch that a runner of this test wants to take."""
    asked: queues.Queue[Pause] = queues.Queue()

    class Noted(Queue):
        # A class of its own: runners that other tests left at work take from theirs.
        def take(self, pause: Pause = NO_PAUSE) -> list[Ticket]:
            asked.put(pause)
            return super().take()  # at once: the pause itself is the queue's own matter

    monkeypatch.setattr("translator.batching.batcher.Queue", Noted)
    return asked


def test_only_after_several_requests_a_runner_waits_a_small_part_of_their_time(
    pauses: "queues.Queue[Pause]", monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = TimedEngine()
    monkeypatch.setattr("translator.batching.batcher.time", engine)
    queue = Batcher(engine, Limits(requests=64, characters=1000, batch_tokens=100), Counts()).queue
    assert pauses.get(timeout=20) == NO_PAUSE  # nothing was translated yet

    queue.put(Job([Sentence("one"), Sentence("two")]))
    engine.wait_for_batch()
    for word in ("one", "two", "three"):
        queue.put(Job([Sentence(word)]))
    engine.release()
    assert pauses.get(timeout=20) == NO_PAUSE  # after two sentences of one request

    engine.release()
    pause = pauses.get(timeout=20)  # after three requests
    assert pause.requests == 3
    assert 0.01 * SECONDS <= pause.seconds <= 0.1 * SECONDS

    queue.put(Job([Sentence("alone")]))
    engine.release()
    assert pauses.get(timeout=20) == NO_PAUSE
