"""Loads the model and proves that it translates before the service calls itself ready."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

from translator.lifecycle import Lifecycle
from translator.settings import Settings

if TYPE_CHECKING:
    from translator.engine import Engine

# The exit status that makes gunicorn stop altogether instead of starting another worker.
APP_LOAD_ERROR = 4

_WARM_UP = "今天天气真好。"
_log = logging.getLogger(__name__)


def load(settings: Settings, lifecycle: Lifecycle) -> None:
    """Makes `lifecycle` ready, or ends the process: unready for ever would be the worse answer."""
    started = time.monotonic()
    try:
        lifecycle.become_ready(_warm_engine(settings))
    except Exception as error:  # noqa: BLE001  whatever the reason, the answer is the same
        _log.critical("cannot serve the model in %s: %s", settings.model_dir, error)
        logging.shutdown()
        os._exit(APP_LOAD_ERROR)
    _log.info("ready after %.2f s with %d replicas", time.monotonic() - started, settings.cpus)


def _warm_engine(settings: Settings) -> Engine:
    # Imported here, in the loading thread, so that /livez answers before the libraries are in.
    from translator.engine import Decoding, Engine

    engine = Engine(settings.model_dir, settings.cpus, Decoding(settings.beam_size))
    if not all(engine.translate([_WARM_UP] * settings.cpus)):
        raise RuntimeError("the warm-up translation is empty")
    return engine
