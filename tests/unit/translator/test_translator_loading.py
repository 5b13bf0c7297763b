"""The service is ready once every replica has translated; a model that cannot be loaded ends it in words."""

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from translator import engines, loading
from translator.engines.protocol import Decoding, Output, Pieces
from translator.lifecycle import Lifecycle, NotReadyError, Phase
from translator.parts import Parts
from unit.translator.applications import make_parts
from unit.translator.slow_engine import SlowEngine


class Ended(BaseException):
    """The process would have ended with this status."""


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the process is an Ended; the log stays open."""

    def end(status: int) -> None:
        raise Ended(status)

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(logging, "shutdown", lambda: None)


class Replicas:
    """An engine that answers once every replica has a batch in hand."""

    decoding = Decoding()

    def __init__(self, replicas: int, text: str = "fine") -> None:
        self.replicas = replicas
        self._text = text
        self._together = threading.Barrier(replicas)

    def encode(self, sentence: str) -> Pieces:
        return [sentence]

    def bucket(self, pieces: Pieces) -> int:
        return 0

    def translate(self, batch: Sequence[Pieces]) -> list[Output]:
        self._together.wait(20)
        return [Output(self._text, 1) for _ in batch]


def use_engine(monkeypatch: pytest.MonkeyPatch, load: Callable[..., Any]) -> None:
    monkeypatch.setattr(engines, "load", load)


def fail_to_load(error: BaseException) -> Callable[..., Any]:
    def load(*_: object) -> None:
        raise error

    return load


@pytest.mark.usefixtures("ending")
def test_all_replicas_are_warm_before_the_service_is_ready(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_engine(monkeypatch, lambda *_: Replicas(4))
    loading.load(parts)
    assert parts.lifecycle.phase is Phase.READY


@pytest.mark.usefixtures("ending")
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("it is broken"), "it is broken"),
        (MemoryError(), "MemoryError()"),
        (SystemExit(), "SystemExit()"),
        (SystemExit(0), "SystemExit(0)"),
        (KeyboardInterrupt(), "KeyboardInterrupt()"),
        (GeneratorExit("why"), "GeneratorExit('why')"),
    ],
)
def test_whatever_ends_the_loading_ends_the_process_in_words(
    error: BaseException,
    words: str,
    parts: Parts,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    use_engine(monkeypatch, fail_to_load(error))
    with pytest.raises(Ended, match=f"^{loading.APP_LOAD_ERROR}$"):
        loading.load(parts)
    assert caplog.messages == [f"cannot serve the model in {parts.settings.model_dir}: {words}"]
    assert parts.lifecycle.phase is Phase.STARTING


@pytest.mark.usefixtures("ending")
def test_the_process_ends_even_if_nothing_can_be_logged(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_engine(monkeypatch, fail_to_load(RuntimeError("it is broken")))
    monkeypatch.setattr(logging, "shutdown", fail_to_load(OSError("no log")))
    with pytest.raises(Ended):
        loading.load(parts)


@pytest.mark.usefixtures("ending")
def test_a_model_that_says_nothing_is_not_served(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use_engine(monkeypatch, lambda *_: Replicas(2, text=" "))
    with pytest.raises(Ended):
        loading.load(parts)
    assert caplog.messages[0].endswith(": the warm-up translation is empty")


def remove(file: Path) -> None:
    file.unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def cut_in_half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


NOT_THERE = "cannot be read (No such file or directory)"
DAMAGED = "cannot be loaded, it may be damaged"


@pytest.mark.usefixtures("ending")
@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("config.json", remove, NOT_THERE),
        ("config.json", cut_in_half, "is not valid JSON"),
        ("model.bin", remove, NOT_THERE),
        ("model.bin", empty, "is empty"),
        ("model.bin", cut_in_half, DAMAGED),
        ("shared_vocabulary.json", remove, NOT_THERE),
        ("shared_vocabulary.json", cut_in_half, "is not valid JSON"),
        ("source.spm", remove, NOT_THERE),
        ("source.spm", empty, "is empty"),
        ("target.spm", empty, "is empty"),
        ("target.spm", cut_in_half, DAMAGED),
    ],
)
def test_the_file_that_is_wrong_is_named(
    name: str,
    damage: Callable[[Path], None],
    words: str,
    model_dir: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = shutil.copytree(model_dir, tmp_path / "model")
    damage(folder / name)
    parts = make_parts()
    settings = parts.settings.model_copy(update={"model_dir": folder})
    with pytest.raises(Ended):
        loading.load(replace(parts, settings=settings))
    (message,) = caplog.messages
    expected = (
        f"cannot serve the model in {folder}: {name} {words}; "
        "copy the model again, or make it anew with service/convert_model.py: "
    )
    assert message.startswith(expected)
    assert len(message) > len(expected), "the library has the last word"


def test_a_vocabulary_of_another_name_is_not_missed(model_dir: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(model_dir, tmp_path / "model")
    (folder / "shared_vocabulary.json").rename(folder / "target_vocabulary.json")
    cut_in_half(folder / "model.bin")
    with pytest.raises(RuntimeError, match=r"^model\.bin cannot be loaded"):
        engines.load("ctranslate2", folder, 1, Decoding())


def measure(parts: Parts, name: str) -> float:
    families = parse(parts.metrics.render().decode())
    return next(s.value for family in families for s in family.samples if s.name == f"translator_{name}")


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_metrics_watch_the_queue_and_the_cache_of_the_translator(parts: Parts) -> None:
    engine = SlowEngine()
    translator = loading.make_translator(engine, parts)

    def translate(text: str) -> None:
        with translator.admit(len(text)) as ask:
            ask([text])

    callers = [threading.Thread(target=translate, args=(text,)) for text in ("first", "other#")]
    callers[0].start()
    engine.wait_for_batch()
    callers[1].start()
    wait_until(lambda: measure(parts, "queue_tokens") == len("other#"))
    assert measure(parts, "queue_requests") == 2
    assert measure(parts, "cache_bytes") == 0
    engine.release(2)
    for caller in callers:
        caller.join(20)
    assert measure(parts, "queue_requests") == measure(parts, "queue_tokens") == 0
    assert measure(parts, "cache_bytes") > 0


def test_only_who_says_so_waits_for_the_translator() -> None:
    lifecycle = Lifecycle(patience=1000)  # longer than pytest would wait here
    assert lifecycle.translator is None
    with pytest.raises(NotReadyError, match="being loaded"):
        Lifecycle(patience=0).await_translator()
    translator: Any = object()
    later = threading.Timer(0.05, lifecycle.become_ready, [translator])
    later.start()
    assert lifecycle.await_translator() is translator
    later.join()
