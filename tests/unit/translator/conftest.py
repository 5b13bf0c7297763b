"""The real model, the application in this process, and the service in a process of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from translator.app import create_app
from translator.engine import Decoding, Engine
from translator.lifecycle import Lifecycle
from translator.release import UNKNOWN
from translator.settings import Settings
from unit.translator.service_process import MODEL, Service, Services


@pytest.fixture(scope="session")
def model_dir() -> Path:
    return MODEL


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine(MODEL, replicas=2, decoding=Decoding())


@pytest.fixture
def settings() -> Settings:
    return Settings.from_environment({"MODEL_DIR": str(MODEL)})


@pytest.fixture
def client(settings: Settings, engine: Engine) -> FlaskClient:
    lifecycle = Lifecycle()
    lifecycle.become_ready(engine)
    return create_app(settings, UNKNOWN, lifecycle).test_client()


@pytest.fixture
def start() -> Iterator[Callable[..., Service]]:
    services = Services()
    yield services.start
    services.end()
