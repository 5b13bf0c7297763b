"""Load the model and prove that it translates before the service calls itself ready."""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NoReturn

from translator.engines.model_files import checksum
from translator.parts import Parts
from translator.release import UNKNOWN
from translator.settings import Settings

if TYPE_CHECKING:
    from translator.batching.translator import Translator
    from translator.engines.protocol import Engine

# The exit status that says that the model is at fault.
APP_LOAD_ERROR = 4

_WARM_UP = "今天天气真好。"
_log = logging.getLogger(__name__)


def load(parts: Parts) -> None:
    """Make the lifecycle ready, or end the process: unready for ever would be the worse answer."""
    started = time.monotonic()
    try:
        _require_checksum(parts)
        engine = _warm_engine(parts.settings)
        parts.lifecycle.become_ready(make_translator(engine, parts))
    except BaseException as error:  # noqa: BLE001  even SystemExit would only end this thread
        _end_process(parts.settings, error)
    _log.info("ready after %.2f s with %d replicas", time.monotonic() - started, engine.replicas)


def _end_process(settings: Settings, error: BaseException) -> NoReturn:
    # What has no words of its own, or was never meant for readers, is told by its name.
    words = str(error) if isinstance(error, Exception) else ""
    try:
        _log.critical("cannot serve the model in %s: %s", settings.model_dir, words or repr(error))
        logging.shutdown()
    finally:
        os._exit(APP_LOAD_ERROR)


def _require_checksum(parts: Parts) -> None:
    wanted = parts.release.model.sha256
    if parts.release is not UNKNOWN and (found := checksum(parts.settings.model_dir)) != wanted:
        raise RuntimeError(f"its checksum is {found}, and {parts.settings.release_file} says {wanted}")


def _warm_engine(settings: Settings) -> Engine:
    # Imported here, in the loading thread, so that /livez answers before the libraries are in.
    from translator.engines import load as load_engine

    engine = load_engine(settings.engine, settings.model_dir, settings.cpus, settings.decoding)
    warm_up(engine)
    return engine


def warm_up(engine: Engine) -> None:
    """Have every replica translate once; raises RuntimeError when nothing comes out."""
    batch = [engine.encode(_WARM_UP)]
    # All at a time: one after the other, a single replica could take each of them, and the first
    # requests of the others would pay for what a replica allocates when it is first used.
    with ThreadPoolExecutor(engine.replicas, "warm-up") as pool:
        for (output,) in pool.map(engine.translate, [batch] * engine.replicas):
            if not output.text.strip():
                raise RuntimeError("the warm-up translation is empty")


def make_translator(engine: Engine, parts: Parts) -> Translator:
    """Return the queue and the cache before a loaded engine, as the settings want them."""
    from translator.batching.batcher import Batcher
    from translator.batching.cache import Cache
    from translator.batching.queue import Limits
    from translator.batching.translator import Translator

    settings, metrics = parts.settings, parts.metrics
    limits = Limits(
        requests=settings.queue_requests,
        characters=settings.queue_characters,
        batch_tokens=settings.batch_tokens if settings.batching else 1,
    )
    batcher = Batcher(engine, limits, metrics)
    cache = Cache(settings.cache_bytes, parts.release.model.sha256, settings.decoding)
    metrics.watch_queue(lambda: batcher.queue.requests, lambda: batcher.queue.tokens)
    metrics.watch_cache(lambda: cache.bytes)
    return Translator(engine, batcher, cache, settings.deadline, metrics)
