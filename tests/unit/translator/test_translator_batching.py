"""Requests that wait together share batches; the queue has an end, and so has every request's time."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from unittest.mock import Mock

import pytest

from translator.batching.batcher import Batcher
from translator.batching.cache import Cache
from translator.batching.job import Job
from translator.batching.queue import DeadlineError, Limits, QueueFullError
from translator.batching.translator import Translator
from translator.engines.protocol import Output
from unit.translator.slow_engine import Counts, SlowEngine

ROOMY = Limits(requests=64, characters=10_000, batch_tokens=100)


class Bench:
    """A batcher over a slow engine, and callers that wait in threads."""

    def __init__(self, pool: ThreadPoolExecutor, limits: Limits = ROOMY, replicas: int = 1) -> None:
        self.engine = SlowEngine(replicas)
        self.counts = Counts()
        self.batcher = Batcher(self.engine, limits, self.counts)
        self._pool = pool
        self._waited: list[Job] = []
        self.batcher.queue.put = self._put  # type: ignore[method-assign]

    def ask(self, *sentences: str, seconds: float = 20) -> "Future[list[str] | None]":
        """A caller in a thread; returns once its sentences are in the queue or refused."""
        before = len(self._waited)
        future = self._pool.submit(self.call, sentences, seconds)
        while len(self._waited) == before and not future.done():
            time.sleep(0.001)
        return future

    def call(self, sentences: tuple[str, ...], seconds: float = 20) -> list[str] | None:
        with self.batcher.queue.admitted(sum(map(len, sentences))):
            outputs = self.batcher.translate([self.engine.encode(each) for each in sentences], seconds)
        texts = [output.text for output in outputs if output]
        return texts if len(texts) == len(sentences) else None

    def _put(self, job: Job) -> None:
        type(self.batcher.queue).put(self.batcher.queue, job)
        self._waited.append(job)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as threads:
        yield threads


def test_a_request_to_an_idle_service_is_translated_at_once_and_alone(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool)
    answer = bench.ask("one")
    assert bench.engine.wait_for_batch() == ["one"]
    bench.engine.release()
    assert answer.result() == ["ONE"]


def test_requests_that_wait_while_the_engine_is_busy_share_the_next_batch(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool)
    answers = [bench.ask("first")]
    bench.engine.wait_for_batch()
    answers += [bench.ask(word) for word in ("second", "third", "fourth")]
    bench.engine.release(2)
    assert [answer.result() for answer in answers] == [["FIRST"], ["SECOND"], ["THIRD"], ["FOURTH"]]
    assert bench.engine.batches == [["first"], ["second", "third", "fourth"]]


def test_a_batch_is_as_large_as_its_padded_tokens_allow(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool)
    bench.ask("busy")
    bench.engine.wait_for_batch()
    answer = bench.ask("a" * 50, *["b" * 10 for _ in range(8)])
    bench.engine.release(10)
    assert answer.result() == ["A" * 50, *["B" * 10] * 8]
    # The longest come first: 2 x 50 = 100 tokens are the first batch, with one short sentence.
    assert [len(batch) for batch in bench.engine.batches] == [1, 2, 7]


def test_only_sentences_of_one_bucket_share_a_batch(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool)
    bench.ask("busy")
    bench.engine.wait_for_batch()
    mixed, other, third = bench.ask("a", "#b", "c"), bench.ask("#d"), bench.ask("e")
    bench.engine.release(3)
    assert (mixed.result(), other.result(), third.result()) == (["A", "#B", "C"], ["#D"], ["E"])
    assert [sorted(batch) for batch in bench.engine.batches] == [["busy"], ["#b", "#d"], ["a", "c", "e"]]


def test_a_sentence_longer_than_a_batch_is_translated_alone(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool)
    answer = bench.ask("a" * 300, "b")
    bench.engine.release(2)
    assert answer.result() == ["A" * 300, "B"]
    assert [len(batch) for batch in bench.engine.batches] == [1, 1]


def test_a_short_text_does_not_wait_until_a_long_one_is_done(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool)
    long = bench.ask(*[f"sentence {number:02}" for number in range(60)])  # eight batches and more
    bench.engine.wait_for_batch()
    short = bench.ask("short")
    bench.engine.release(2)
    assert short.result(timeout=20) == ["SHORT"]
    assert not long.done()
    bench.engine.release(20)
    assert long.result() == [f"SENTENCE {number:02}" for number in range(60)]


def test_what_waits_is_shared_out_over_the_free_replicas(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool, replicas=2)
    while bench.batcher.queue._free < 2:  # both runners have begun
        time.sleep(0.001)
    answer = bench.ask(*"abcdef")
    bench.engine.wait_for_batch()
    bench.engine.wait_for_batch()
    assert [len(batch) for batch in bench.engine.batches] == [3, 3]
    bench.engine.release(2)
    assert answer.result() == list("ABCDEF")


def test_a_short_text_is_let_in_beside_the_largest(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool, Limits(requests=10, characters=100, batch_tokens=50))
    bench.ask("busy")
    bench.engine.wait_for_batch()
    bench.ask("a" * 96)
    short = bench.ask("short")
    bench.engine.release(5)
    assert short.result(timeout=20) == ["SHORT"]


@pytest.mark.parametrize("outputs", [0, 3])
def test_an_engine_that_miscounts_fails_the_request_and_not_the_runner(
    pool: ThreadPoolExecutor, outputs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(pool)
    bench.engine.release(10)
    with monkeypatch.context() as patch:
        patch.setattr(bench.engine, "translate", lambda _: [Output("x", 1)] * outputs)
        with pytest.raises((RuntimeError, IndexError)):
            bench.call(("one", "two"))
    assert bench.call(("after",)) == ["AFTER"]


def test_a_meter_that_fails_costs_neither_the_answer_nor_the_runner(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(pool)
    bench.engine.release(10)
    asked = threading.Event()

    def fail(_: float) -> None:
        asked.set()
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(bench.counts, "waited", fail)
        assert bench.call(("one",)) == ["ONE"]
        assert asked.wait(30)  # it is asked after the answer
    assert bench.call(("after",)) == ["AFTER"]


def test_without_batching_each_sentence_is_translated_alone(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool, Limits(requests=64, characters=10_000, batch_tokens=1))
    bench.engine.release(4)
    assert bench.ask("one", "two").result() == ["ONE", "TWO"]
    assert [len(batch) for batch in bench.engine.batches] == [1, 1]


def test_a_full_queue_refuses_at_once_and_says_when_to_come_again(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool, Limits(requests=3, characters=10_000, batch_tokens=100))
    answers = [bench.ask(str(number)) for number in range(3)]
    with pytest.raises(QueueFullError) as refused:
        bench.ask("too much").result(timeout=20)
    assert 1 <= refused.value.retry_after <= 60
    bench.engine.release(3)
    assert [answer.result() for answer in answers] == [["0"], ["1"], ["2"]]
    bench.engine.release()
    assert bench.ask("now there is room").result() == ["NOW THERE IS ROOM"]


def test_the_queue_is_also_full_with_few_but_long_texts(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool, Limits(requests=64, characters=100, batch_tokens=50))
    bench.ask("busy")
    bench.engine.wait_for_batch()
    bench.ask("a" * 90)
    with pytest.raises(QueueFullError):
        bench.ask("b" * 20).result(timeout=20)
    bench.engine.release(3)


def test_a_text_longer_than_the_queue_is_let_in_when_nothing_waits(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool, Limits(requests=64, characters=10, batch_tokens=50))
    bench.engine.release(2)
    assert bench.ask("a" * 40, "b" * 40).result() == ["A" * 40, "B" * 40]


def test_after_its_deadline_a_request_is_given_up_and_its_work_is_not_done(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool)
    running = bench.ask("running")
    bench.engine.wait_for_batch()
    assert bench.ask("late", seconds=0.05).result(timeout=20) is None
    assert (bench.batcher.queue.requests, bench.batcher.queue.tokens) == (1, 0)
    bench.engine.release(2)
    assert running.result() == ["RUNNING"]
    assert bench.ask("next").result(timeout=20) == ["NEXT"]
    assert bench.engine.batches == [["running"], ["next"]]


def test_many_callers_get_their_own_answers(pool: ThreadPoolExecutor) -> None:
    bench = Bench(pool, Limits(requests=64, characters=10_000, batch_tokens=40), replicas=2)
    bench.engine.release(10_000)

    def call(number: int) -> bool:
        sentences = [f"text {number} of {part}" for part in range(number % 5 + 1)]
        return bench.call(tuple(sentences)) == [each.upper() for each in sentences]

    assert all(pool.map(call, range(500)))
    assert (bench.batcher.queue.requests, bench.batcher.queue.tokens) == (0, 0)


@pytest.fixture
def counts() -> Counts:
    return Counts()


def _translator(
    engine: SlowEngine, counts: Counts, cache_bytes: int = 10_000, deadline: float = 20
) -> Translator:
    cache = Cache(cache_bytes, "checksum", engine.decoding)
    return Translator(engine, Batcher(engine, ROOMY, counts), cache, deadline, counts)


def _ask(translator: Translator, *sentences: str) -> list[str]:
    with translator.admit(sum(map(len, sentences))) as translate:
        return translate(sentences)


def test_what_was_translated_before_is_not_asked_of_the_engine_again(counts: Counts) -> None:
    engine = SlowEngine()
    translator = _translator(engine, counts)
    engine.release(10)
    assert _ask(translator, "one", "two", "one") == ["ONE", "TWO", "ONE"]
    assert _ask(translator, "two", "three") == ["TWO", "THREE"]
    assert sorted(chain.from_iterable(engine.batches)) == ["one", "three", "two"]
    assert (counts.hits, counts.misses) == (1, 3)


def test_a_deadline_is_an_error_and_is_counted(counts: Counts) -> None:
    engine = SlowEngine()
    translator = _translator(engine, counts, deadline=0.05)
    with pytest.raises(DeadlineError, match=r"0\.05 seconds"):
        _ask(translator, "slow")
    assert counts.refusals == ["deadline"]
    engine.release()


def test_what_was_done_before_the_deadline_is_remembered(
    counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = SlowEngine()
    translator = _translator(engine, counts)
    engine.release()

    class UntilTheSecondBatch(Job):
        # A class of its own: callers that other tests left waiting wait by theirs.
        def wait(self, seconds: float) -> None:
            assert 0 < seconds <= 20
            engine.wait_for_batch()
            engine.wait_for_batch()

    with monkeypatch.context() as patch:
        patch.setattr("translator.batching.batcher.Job", UntilTheSecondBatch)
        with pytest.raises(DeadlineError):
            _ask(translator, "a" * 100, "late")
    assert counts.refusals == ["deadline"]
    engine.release(2)
    assert _ask(translator, "a" * 100, "late") == ["A" * 100, "LATE"]
    assert engine.batches == [["a" * 100], ["late"], ["late"]]


def test_the_deadline_is_that_of_the_whole_request(counts: Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = SlowEngine()
    engine.release(10)
    translator = _translator(engine, counts, deadline=0.05)
    put = Mock(side_effect=AssertionError("what is too late does not even wait"))
    monkeypatch.setattr(translator._batcher.queue, "put", put)
    with translator.admit(3) as translate:
        time.sleep(0.1)  # the caller's own work on its text
        with pytest.raises(DeadlineError):
            translate(["late"])
    assert engine.batches == []
    assert not put.called


def test_a_full_queue_is_counted(counts: Counts) -> None:
    engine = SlowEngine()
    batcher = Batcher(engine, Limits(requests=1, characters=100, batch_tokens=100), counts)
    translator = Translator(engine, batcher, Cache(0, "", engine.decoding), 20, counts)
    first = threading.Thread(target=_ask, args=(translator, "first"))
    first.start()
    engine.wait_for_batch()
    with pytest.raises(QueueFullError):
        _ask(translator, "second")
    assert counts.refusals == ["queue_full"]
    engine.release()
    first.join()


def test_nothing_to_translate_is_no_work(counts: Counts) -> None:
    engine = SlowEngine()
    assert _ask(_translator(engine, counts)) == []
    assert engine.batches == []
