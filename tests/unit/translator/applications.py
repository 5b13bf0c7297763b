"""The application in this process, under settings of a test's choice."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from flask.testing import FlaskClient

from translator.access.guard import Guard
from translator.app import create_app
from translator.lifecycle import Lifecycle
from translator.loading import load
from translator.observe.metrics import Metrics
from translator.parts import Parts
from translator.release import UNKNOWN
from translator.settings import Settings
from translator.text.blocked import BlockedWords
from unit.translator.service_process import MODEL


def make_parts(**chosen: Any) -> Parts:
    """What an application is made of, with nothing loaded yet."""
    settings = Settings(model_dir=MODEL, **chosen)
    return Parts(
        settings=settings,
        release=UNKNOWN,
        lifecycle=Lifecycle(patience=0),
        metrics=Metrics(UNKNOWN, settings.engine),
        guard=Guard.from_settings(settings),
        blocked=BlockedWords.read(settings.blocked_words_file),
    )


def make_unready_client(**chosen: Any) -> FlaskClient:
    """A client of an application whose model is never loaded."""
    return create_app(make_parts(**chosen)).test_client()


def make_client(translator: Any = None, **chosen: Any) -> FlaskClient:
    """A client of an application with the real model, or with a `translator` of the test's."""
    parts = make_parts(**chosen)
    parts.lifecycle.become_ready(translator or _real_translator())
    return create_app(parts).test_client()


@contextmanager
def on_equal_terms() -> Iterator[None]:
    """Engines loaded within the block do not give way: what else runs here could hold up tests for long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("translator.engines.ctranslate2.NICE", os.getpriority(os.PRIO_PROCESS, 0))
        yield


@cache
def _real_translator() -> Any:
    parts = make_parts()
    with on_equal_terms():
        load(parts)
    return parts.lifecycle.await_translator()
