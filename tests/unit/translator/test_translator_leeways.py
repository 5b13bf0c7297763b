"""How long, how many and how much: each leeway of the translator, to the last unit on either side of it."""

import json
import math
import threading
from collections.abc import Sequence
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from translator import server
from translator.api.intake import Intake
from translator.app import create_app
from translator.batching import queue as queueing
from translator.batching.job import Batch, Job, Sentence
from translator.batching.queue import Limits as QueueLimits
from translator.batching.queue import Queue, QueueFullError
from translator.body import Limits
from translator.engines.protocol import Output, Pieces
from translator.lifecycle import Lifecycle
from translator.loading import make_translator
from translator.server import make_server
from translator.serving import body
from translator.settings import Settings
from translator.text.blocked import BlockedWords
from unit.translator.applications import make_client, make_parts
from unit.translator.service_process import MODEL
from unit.translator.slow_engine import SlowEngine

BOUNDS = {
    "port": (1, 65_535),
    "threads": (None, 1024),
    "cpus": (1, 64),
    "beam_size": (1, 16),
    "length_penalty": (0, 5),
    "no_repeat_ngram_size": (0, 100),
    "max_decoding_length": (1, 512),
    "batch_tokens": (1, 65_536),
    "queue_requests": (1, None),
    "deadline": (None, 3600),
    "cache_bytes": (0, None),
    "max_characters": (1, None),
    "max_items": (1, 10_000),
}


@pytest.mark.parametrize(("name", "bounds"), BOUNDS.items(), ids=BOUNDS)
def test_a_setting_is_taken_up_to_its_bounds_and_not_beyond(name: str, bounds: tuple[Any, Any]) -> None:
    for bound, beyond in zip(bounds, (-1, 1), strict=True):
        if bound is not None:
            assert getattr(Settings(model_dir=MODEL, **{name: bound}), name) == bound
            with pytest.raises(ValueError, match=name):
                Settings(model_dir=MODEL, **{name: bound + beyond})


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ({"threads": 65, "queue_requests": 64}, True),
        ({"threads": 64, "queue_requests": 64}, False),
        ({"max_characters": 5_000, "max_total_characters": 5_000}, True),
        ({"max_characters": 5_001, "max_total_characters": 5_000}, False),
        ({"max_total_characters": 100_000, "queue_characters": 100_000}, True),
        ({"max_total_characters": 100_001, "queue_characters": 100_000}, False),
    ],
)
def test_settings_that_just_fit_together_are_taken(settings: dict[str, Any], taken: bool) -> None:
    try:
        Settings(model_dir=MODEL, **settings)
    except ValueError:
        assert not taken
    else:
        assert taken


def intake(**limits: int) -> Intake:
    found = Limits(**{"characters": 4, "items": 3, "total_characters": 8, **limits})
    return Intake(found, BlockedWords.read(None), Lifecycle())


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        (["1234", "1234"], None),
        (["1", "2", "3"], None),
        (["1", "2", "3", "4"], RequestEntityTooLarge),
        (["1234", "1234", "1"], RequestEntityTooLarge),
        (["12345"], RequestEntityTooLarge),
        ([], BadRequest),
    ],
)
def test_a_request_may_have_just_as_much_as_is_allowed(
    texts: list[str], error: type[Exception] | None
) -> None:
    if error is None:
        assert intake().admit_all("q", texts) == texts
    else:
        with pytest.raises(error):
            intake().admit_all("q", texts)


def test_the_longest_body_that_may_be_right_is_read_however_it_is_spelt() -> None:
    """A character outside the basic plane is twelve bytes in JSON that has nothing but ASCII."""
    client: FlaskClient = make_client(max_characters=100, max_total_characters=100, max_items=1)
    text = "\U00020000" * 100
    assert len(json.dumps(text)) == 12 * 100 + 2
    body = json.dumps({"text": text}).encode()
    assert client.post("/translate", data=body, content_type="application/json").status_code == 200
    limits = Limits(characters=100, items=1, total_characters=100)
    assert limits.body_bytes == 100 * 12 + 256 + 4096
    for more, status in ((0, 200), (1, 413)):
        padded = body + b" " * (limits.body_bytes - len(body) + more)
        assert client.post("/translate", data=padded, content_type="application/json").status_code == status


@pytest.mark.parametrize(
    ("tokens", "sentences", "lengths", "fits"),
    [
        (12, 9, [4, 4], True),  # three of four tokens are twelve
        (11, 9, [4, 4], False),
        (99, 3, [4, 4], True),
        (99, 2, [4, 4], False),
        (12, 9, [1, 1], True),  # a batch costs what its longest costs: twelve
        (11, 9, [1, 1], False),
        (1, 1, [], True),
    ],
)
def test_a_batch_is_filled_to_its_last_token(
    tokens: int, sentences: int, lengths: list[int], fits: bool
) -> None:
    batch = Batch(0, tokens, sentences)
    for length in lengths:
        batch.add(Job([Sentence("x" * length)]))
    assert batch.fits(4) is fits


def test_so_many_requests_are_let_in_and_no_more() -> None:
    queue = Queue(QueueLimits(requests=2, characters=10, batch_tokens=10), runners=1)
    queue.require_room()
    with queue.admitted(5), queue.admitted(5):
        assert queue.requests == 2
        with pytest.raises(QueueFullError):
            queue.require_room()
        with pytest.raises(QueueFullError), queue.admitted(1):
            pytest.fail("it was let in")
    queue.require_room()
    with pytest.raises(QueueFullError):
        queue.require_room(crowded=True)


@pytest.mark.parametrize(
    ("others", "characters", "room"),
    [(5, 5, True), (5, 6, False), (4, 6, True), (9, 5, True), (9, 6, False)],
    ids=("full", "too much", "just full", "a fair share", "more than that"),
)
def test_a_request_of_no_more_than_its_share_is_always_let_in(
    others: int, characters: int, room: bool
) -> None:
    queue = Queue(QueueLimits(requests=2, characters=10, batch_tokens=10), runners=1)
    with queue.admitted(others):
        try:
            with queue.admitted(characters):
                pass
        except QueueFullError:
            assert not room
        else:
            assert room


def test_the_room_of_a_request_is_free_again_when_it_has_ended_however_it_ends() -> None:
    queue = Queue(QueueLimits(requests=2, characters=10, batch_tokens=10), runners=1)
    with queue.admitted(4):
        for _ in range(3):
            with pytest.raises(RuntimeError, match="planted"), queue.admitted(6):
                raise RuntimeError("planted")
    assert queue.requests == 0
    with queue.admitted(1), queue.admitted(9):
        assert queue.requests == 2


@pytest.mark.parametrize(
    ("tokens", "batch", "seconds", "retry"),
    [(10, 10, 1.0, 1), (11, 10, 1.0, 2), (600, 10, 1.0, 60), (601, 10, 1.0, 60), (10, 10, 0.0001, 1)],
)
def test_who_is_refused_may_come_again_when_what_waits_is_done_but_within_a_minute(
    tokens: int, batch: int, seconds: float, retry: int
) -> None:
    queue = Queue(QueueLimits(requests=1, characters=10_000, batch_tokens=10), runners=1)
    queue.deliver([], batch, seconds)
    queue.put(Job([Sentence("x" * tokens)]))
    with pytest.raises(QueueFullError) as refused:
        queue.require_room(crowded=True)
    assert refused.value.retry_after == retry


def test_a_rate_is_of_all_runners_and_smoothed() -> None:
    queue = Queue(QueueLimits(requests=1, characters=10_000, batch_tokens=10), runners=2)
    for tokens in (50, 100):  # 100 and then 200 a second: a fifth of the way from one to the other
        queue.deliver([], tokens, 1.0)
    queue.put(Job([Sentence("x" * 241)]))
    with pytest.raises(QueueFullError) as refused:
        queue.require_room(crowded=True)
    assert refused.value.retry_after == math.ceil(241 / 120) == 3


class QuickEngine(SlowEngine):
    """An engine whose batches end by themselves."""

    def translate(self, batch: Sequence[Pieces]) -> list[Output]:
        self.release()
        return super().translate(batch)


@pytest.mark.parametrize(("batching", "sizes"), [(True, [2]), (False, [1, 1])], ids=("on", "off"))
def test_without_batching_each_sentence_is_translated_by_itself(batching: bool, sizes: list[int]) -> None:
    engine = QuickEngine()
    translator = make_translator(cast("Any", engine), make_parts(batching=batching))
    with translator.admit(2) as translate:
        assert translate(["a", "b"]) == ["A", "B"]
    assert [len(batch) for batch in engine.batches] == sizes


def test_a_service_is_ready_only_when_it_has_a_translator_to_give() -> None:
    """Who sees it ready asks for the translator the next moment."""
    lifecycle, seen, translator = Lifecycle(patience=0), list[object](), object()

    class Seeing(threading.Event):
        def set(self) -> None:
            seen.append(lifecycle.translator)
            super().set()

    lifecycle._loaded = Seeing()
    lifecycle.become_ready(cast("Any", translator))
    assert (seen, lifecycle.await_translator()) == ([translator], translator)


def test_the_times_that_the_service_gives_a_client_and_itself_follow_from_each_other() -> None:
    """Docker waits ten seconds for a container to stop, and relctl for what the settings need."""
    assert (body.REQUEST_WITHIN, body.REST_WITHIN) == (10.0, 30.0)
    assert (server.LAME_DUCK, server.KEEP_ALIVE, server.BACKLOG) == (2.0, 75, 2048)
    assert queueing.NO_PAUSE.seconds == 0.0
    assert Lifecycle()._patience == 2.0
    parts = make_parts(deadline=7.5)
    config = make_server(create_app(parts), parts, connections=123).config
    assert config.timeout_graceful_shutdown == math.ceil(10.0 + 7.5)
    assert (config.timeout_keep_alive, config.limit_concurrency, config.workers) == (75, 123, 1)
