"""The real model, the application in this process, and the service in a process of its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from translator.engines.ctranslate2 import CTranslate2Engine
from translator.engines.protocol import Decoding, Engine
from translator.parts import Parts
from translator.settings import Settings
from unit.translator.applications import make_client, make_parts, on_equal_terms
from unit.translator.service_process import MODEL, Service, Services


@pytest.fixture(autouse=True)
def no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that somebody has set must not change what a test sees."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def model_dir() -> Path:
    return MODEL


@pytest.fixture(scope="session")
def engine() -> Engine:
    with on_equal_terms():
        return CTranslate2Engine(MODEL, replicas=os.cpu_count() or 1, decoding=Decoding())


@pytest.fixture
def parts() -> Parts:
    return make_parts()


@pytest.fixture
def client() -> FlaskClient:
    return make_client()


@pytest.fixture
def start() -> Iterator[Callable[..., Service]]:
    services = Services()
    yield services.start
    services.end()
