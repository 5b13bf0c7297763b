"""Who shares the next batch, how long a runner waits for it, and when a refused caller may come again."""

from collections.abc import Callable
from unittest.mock import Mock

import pytest

from translator.batching.job import Job, Sentence
from translator.batching.queue import Limits, Pause, Queue, QueueFullError

LIMITS = Limits(requests=1, characters=10_000, batch_tokens=100)


def put(queue: Queue, *sentences: str) -> Job:
    job = Job([Sentence(each) for each in sentences])
    queue.put(job)
    return job


def take(queue: Queue, pause: Pause | None = None) -> list[str]:
    batch = queue.take(pause) if pause else queue.take()
    return ["".join(ticket.pieces) for ticket in batch]


@pytest.fixture
def queue() -> Queue:
    return Queue(LIMITS, runners=1)


def test_a_short_text_shares_the_first_batch_of_a_long_one(queue: Queue) -> None:
    put(queue, *["a" * 10] * 60)
    put(queue, "short")
    assert take(queue).count("short") == 1


def test_long_texts_get_equal_parts_of_a_batch(queue: Queue) -> None:
    for letter in "abc":
        put(queue, *[letter * 10] * 60)
    for _ in range(3):
        batch = take(queue)
        assert {letter: batch.count(letter * 10) for letter in "abc"} in (
            {"a": 4, "b": 3, "c": 3},
            {"a": 3, "b": 4, "c": 3},
            {"a": 3, "b": 3, "c": 4},
        )


def test_what_a_text_leaves_of_its_turn_goes_to_the_others(queue: Queue) -> None:
    put(queue, *["a" * 10] * 60)
    put(queue, "b" * 10)
    assert take(queue) == [*["a" * 10] * 5, "b" * 10, *["a" * 10] * 4]


def test_who_got_nothing_comes_first_the_next_time(queue: Queue) -> None:
    for number in range(20):
        put(queue, *(f"{number:02}{part:08}" for part in range(40)))
    put(queue, "short")
    assert "short" in take(queue) + take(queue) + take(queue)


def test_a_sentence_too_long_for_the_batch_lets_shorter_ones_of_others_in(queue: Queue) -> None:
    put(queue, "a" * 30)
    put(queue, "b" * 60, "b" * 10)
    put(queue, "c" * 20)
    put(queue, "d" * 30)
    assert take(queue) == ["a" * 30, "c" * 20, "d" * 30]
    put(queue, "e" * 10)
    assert take(queue)[0] == "b" * 60


def test_shorter_ones_that_keep_coming_do_not_hold_a_long_sentence_up(queue: Queue) -> None:
    for _ in range(20):
        put(queue, *["a" * 10] * 20)
    put(queue, "b" * 80)
    batches = []
    for _ in range(20):
        put(queue, *["c" * 10] * 20)
        batches.append(take(queue))
    assert ["b" * 80] in batches


def test_the_first_in_the_queue_gets_a_sentence_in_however_long_it_is(queue: Queue) -> None:
    put(queue, "a" * 300, "a")
    put(queue, "b")
    assert take(queue) == ["a" * 300]
    assert sorted(take(queue)) == ["a", "b"]


def test_a_batch_is_closed_when_nothing_fits_any_longer(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(queue, "a" * 100)
    for _ in range(50):
        put(queue, "b")
    serve = Mock(wraps=queue._serve)
    monkeypatch.setattr(queue, "_serve", serve)
    assert take(queue) == ["a" * 100]
    assert serve.call_count == 1


def test_what_is_given_up_leaves_the_queue_once_and_altogether(queue: Queue) -> None:
    job = put(queue, "given", "up")
    put(queue, "b")
    for _ in range(2):
        queue.give_up(job)
        assert (queue.tokens, job.waiting, job.wanted) == (1, 0, False)
    assert take(queue) == ["b"]
    assert queue.tokens == 0


def test_a_job_that_fails_leaves_the_queue_once_and_altogether(queue: Queue) -> None:
    job = put(queue, "fails")
    put(queue, "b")
    queue.fail(job, RuntimeError("boom"))
    queue.give_up(job)
    assert (queue.tokens, job.waiting, job.wanted) == (1, 0, False)
    with pytest.raises(RuntimeError, match="boom"):
        job.outputs()
    assert take(queue) == ["b"]


class Clock:
    """The queue's time, and what happens while a runner waits: all of it in the test's own thread."""

    def __init__(self, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.waits: list[float | None] = []
        self.meanwhile: list[Callable[[], object]] = []
        monkeypatch.setattr("translator.batching.queue.time", self)
        monkeypatch.setattr(queue._changed, "wait", self._wait)

    def monotonic(self) -> float:
        return self.now

    def at(self, now: float) -> None:
        self.now = now

    def _wait(self, seconds: float | None = None) -> None:
        self.waits.append(seconds)
        assert seconds is None or seconds > 0
        if self.meanwhile:
            self.meanwhile.pop(0)()
        elif seconds is None:
            pytest.fail("the runner waits for ever")
        else:
            self.now += seconds


@pytest.fixture
def clock(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(queue, monkeypatch)


def test_a_runner_without_a_pause_takes_what_waits_at_once(queue: Queue, clock: Clock) -> None:
    put(queue, "a")
    assert (take(queue), clock.waits) == (["a"], [])


def test_a_runner_that_expects_two_callers_takes_them_together(queue: Queue, clock: Clock) -> None:
    put(queue, "a")
    clock.meanwhile = [lambda: put(queue, "b")]
    assert (take(queue, Pause(requests=2, seconds=5)), clock.waits) == (["a", "b"], [5])


def test_a_runner_waits_for_callers_no_longer_than_its_pause(queue: Queue, clock: Clock) -> None:
    put(queue, "a")
    clock.meanwhile = [lambda: clock.at(3)]
    assert (take(queue, Pause(requests=2, seconds=5)), clock.waits) == (["a"], [5, 2])


def test_a_runner_does_not_linger_for_a_request_that_comes_later(queue: Queue, clock: Clock) -> None:
    clock.meanwhile = [lambda: clock.at(6), lambda: put(queue, "a")]
    assert (take(queue, Pause(requests=2, seconds=5)), clock.waits) == (["a"], [None, None])


def test_a_runner_goes_on_waiting_when_what_it_lingered_with_is_given_up(queue: Queue, clock: Clock) -> None:
    job = put(queue, "a")
    clock.meanwhile = [lambda: queue.give_up(job), lambda: clock.at(6), lambda: put(queue, "b")]
    assert (take(queue, Pause(requests=2, seconds=5)), clock.waits) == (["b"], [5, 5, None])


def retry_after(queue: Queue) -> int:
    with queue.admitted(1), pytest.raises(QueueFullError) as refused:
        queue.require_room()
    return refused.value.retry_after


@pytest.mark.parametrize(
    ("tokens_a_second", "waiting", "seconds"),
    [(10, 0, 1), (10, 1, 1), (10, 95, 10), (10, 300, 30), (100, 300, 3), (10, 601, 60), (10, 99_999, 60)],
)
def test_a_refused_caller_comes_again_when_what_waits_is_done(
    queue: Queue, tokens_a_second: int, waiting: int, seconds: int
) -> None:
    queue.deliver([], tokens=2 * tokens_a_second, seconds=2)
    put(queue, "a" * waiting)
    assert retry_after(queue) == seconds


def test_before_the_first_batch_a_refused_caller_comes_again_soon(queue: Queue) -> None:
    put(queue, "a" * 5_000)
    assert retry_after(queue) == 1


def test_more_runners_let_a_refused_caller_come_again_earlier() -> None:
    queue = Queue(LIMITS, runners=3)
    queue.deliver([], tokens=10, seconds=1)
    put(queue, "a" * 300)
    assert retry_after(queue) == 10


def test_one_fast_batch_does_not_promise_a_fast_service(queue: Queue) -> None:
    queue.deliver([], tokens=10, seconds=1)
    queue.deliver([], tokens=110, seconds=1)
    put(queue, "a" * 300)
    assert retry_after(queue) == 10


def test_what_is_taken_or_given_up_waits_no_longer_for_a_refused_caller(queue: Queue) -> None:
    queue.deliver([], tokens=10, seconds=1)
    put(queue, "a" * 100)
    job = put(queue, "b" * 300)
    assert retry_after(queue) == 40
    take(queue)
    assert retry_after(queue) == 30
    queue.give_up(job)
    assert retry_after(queue) == 1
