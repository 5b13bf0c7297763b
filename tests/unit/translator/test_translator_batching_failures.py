"""A sentence that fails costs few more calls of the engine, and nobody else an answer."""

import logging
from collections.abc import Iterator
from itertools import chain

import pytest

from translator.batching.batcher import Batcher
from translator.batching.job import Job, Sentence
from translator.batching.queue import Limits
from unit.translator.slow_engine import Counts, SlowEngine


class Busy:
    """A batcher whose runner is busy, so that what is put next shares a batch."""

    def __init__(self) -> None:
        self.engine = SlowEngine()
        self.counts = Counts()
        limits = Limits(requests=64, characters=10_000, batch_tokens=10_000)
        self.queue = Batcher(self.engine, limits, self.counts).queue
        self.put("busy")
        self.engine.wait_for_batch()

    def put(self, *sentences: str) -> Job:
        job = Job([Sentence(each, self.engine.bucket(each)) for each in sentences])
        self.queue.put(job)
        return job

    def share_a_batch(self) -> None:
        """Ends the busy time; returns once the next batch has begun, which nothing can join any longer."""
        self.engine.release()
        self.engine.wait_for_batch()

    def calls(self, sentence: str) -> int:
        return list(chain.from_iterable(self.engine.batches)).count(sentence)

    def after_it(self) -> None:
        """Whatever failed has been dealt with, and the runner goes on."""
        assert texts(self.put("after it")) == ["AFTER IT"]


def texts(job: Job) -> list[str]:
    job.wait(20)
    outputs = job.outputs()
    assert None not in outputs
    return [output.text for output in outputs if output]


@pytest.fixture
def busy() -> Iterator[Busy]:
    busy = Busy()
    yield busy
    busy.engine.release(1000)


@pytest.mark.parametrize("position", [0, 13, 31])
def test_one_bad_sentence_among_many_is_found_by_halving(busy: Busy, position: int) -> None:
    before = [busy.put(f"a{number:03}") for number in range(position)]
    bad = busy.put("boom")
    after = [busy.put(f"b{number:03}") for number in range(31 - position)]
    busy.engine.release(1000)
    assert [texts(job)[0][0] for job in before + after] == ["A"] * position + ["B"] * (31 - position)
    with pytest.raises(RuntimeError, match="boom"):
        texts(bad)
    assert len(busy.engine.batches[1]) == 32
    assert len(busy.engine.batches) == 1 + 1 + 2 * 5


def test_several_bad_sentences_fail_only_their_own_requests(busy: Busy) -> None:
    jobs = [busy.put("boom" if number % 3 == 0 else f"n{number:03}") for number in range(16)]
    busy.engine.release(1000)
    for number, job in enumerate(jobs):
        if number % 3 == 0:
            with pytest.raises(RuntimeError, match="boom"):
                texts(job)
        else:
            assert texts(job) == [f"N{number:03}"]
    busy.after_it()
    assert busy.queue.tokens == 0


def test_a_batch_that_fails_is_logged_once(busy: Busy, caplog: pytest.LogCaptureFixture) -> None:
    for word in ("boom", "good", "fine", "boom"):
        busy.put(word)
    busy.share_a_batch()
    with caplog.at_level(logging.INFO):
        busy.engine.release(1000)
        busy.after_it()
    said = [record for record in caplog.records if record.name == "translator.batching.batcher"]
    assert [record.getMessage() for record in said] == [
        "a batch of 4 sentences failed; looking for the ones that fail"
    ]


def test_a_batch_of_one_that_fails_is_not_tried_again(busy: Busy) -> None:
    bad = busy.put("boom")
    busy.engine.release(1000)
    with pytest.raises(RuntimeError, match="boom"):
        texts(bad)
    busy.after_it()
    assert busy.calls("boom") == 1


def test_what_has_been_given_up_is_not_tried_again(busy: Busy) -> None:
    late, good, bad = busy.put("late"), busy.put("good"), busy.put("boom")
    busy.share_a_batch()
    busy.queue.give_up(late)
    busy.engine.release(1000)
    with pytest.raises(RuntimeError, match="boom"):
        texts(bad)
    assert texts(good) == ["GOOD"]
    busy.after_it()
    assert (busy.calls("late"), late.outputs()) == (1, [None])


def test_no_call_is_made_when_everything_has_been_given_up(busy: Busy) -> None:
    jobs = [busy.put(word) for word in ("late", "boom")]
    busy.share_a_batch()
    for job in jobs:
        busy.queue.give_up(job)
    busy.engine.release(1000)
    busy.after_it()
    assert busy.engine.batches == [["busy"], ["late", "boom"], ["after it"]]


def test_the_rest_of_a_request_that_failed_is_not_done(busy: Busy) -> None:
    # By length: `boom` before its neighbour, and the other bucket would be the next batch.
    bad, good = busy.put("boom", "own", "#2"), busy.put("good")
    busy.share_a_batch()
    busy.engine.release(1000)
    with pytest.raises(RuntimeError, match="boom"):
        texts(bad)
    assert texts(good) == ["GOOD"]
    busy.after_it()
    assert (busy.calls("own"), busy.calls("#2")) == (1, 0)
    assert (busy.queue.tokens, bad.waiting) == (0, 0)


def test_a_request_that_failed_does_not_wait_for_the_others(busy: Busy) -> None:
    bad, good = busy.put("boom"), busy.put("good")
    busy.share_a_batch()
    busy.engine.release(2)  # the batch, and its first half
    with pytest.raises(RuntimeError, match="boom"):
        texts(bad)
    assert good.outputs() == [None]
    busy.engine.release()
    assert texts(good) == ["GOOD"]
