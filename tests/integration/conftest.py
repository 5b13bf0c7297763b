"""Fixtures of the build tests: a scratch project, and a cache that is cold when the session begins."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from integration.locked_project import BASE_LOCK, lock_base, locked, use_cache
from relctl.rollout.observation import traffic, watch
from scratch import Scratch, echo_project


@pytest.fixture(scope="session")
def build_cache() -> Iterator[Path]:
    """A cache for all build tests: bases are bootstrapped once, by the code that is tested."""
    with tempfile.TemporaryDirectory(prefix="relctl-test-cache-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def todays_base_lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lock of what Debian offers today: the project's own names packages that are gone some day."""
    path = tmp_path_factory.mktemp("lock") / "base.lock"
    with echo_project() as scratch:
        lock_base(scratch)
        shutil.copy(scratch.root / BASE_LOCK, path)
    return path


@pytest.fixture
def small_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short windows need short spans, and looks that are as short."""
    monkeypatch.setattr(traffic, "SPAN", 0.1)
    monkeypatch.setattr(watch, "_READ_EVERY", 0.1)
    monkeypatch.setattr(watch, "_JUDGE_EVERY", 0.2)


@pytest.fixture
def project(build_cache: Path, todays_base_lock: Path) -> Iterator[Scratch]:
    """The echo service with a locked base and one dependency, committed as 1.0.0."""
    with echo_project() as scratch:
        use_cache(scratch, build_cache)
        scratch.edit("versions.yaml", "bootstrap: bookworm", f"bootstrap: bookworm, lock: {BASE_LOCK}")
        shutil.copy(todays_base_lock, scratch.root / BASE_LOCK)
        (scratch.root / "service/requirements.lock").write_text(locked("gunicorn"))
        scratch.commit("1.0.0")
        yield scratch


@pytest.fixture
def client() -> Iterator[Any]:
    """The engine's own client."""
    found = docker.from_env()
    yield found
    found.close()
