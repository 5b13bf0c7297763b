"""Fixtures of the build tests: a scratch project, and a cache that is cold when the session begins."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from integration.locked_project import BASE_LOCK, lock_base, locked, use_cache
from relctl.observation import tally, watch
from scratch import Scratch, echo_project

# Files that take one worker for minutes. They begin first, so that none is left over at the end.
LONGEST = (
    "test_killed_refused",
    "test_killed_watched",
    "test_zoo",
    "test_killed",
    "test_benchmarks",
    "test_killed_going_back",
    "test_killed_first",
    "test_gates_over_echo",
    "test_build",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the longest files to the front, each file's tests in their own order."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run of tests share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def build_cache(run_folder: Path) -> Path:
    """A cache for all build tests: bases are bootstrapped in this run, by the code that is tested."""
    folder = run_folder / "build-cache"
    folder.mkdir(exist_ok=True)
    return folder


@contextlib.contextmanager
def one_worker_at_a_time(path: Path) -> Iterator[None]:
    """Hold the kernel's lock on `path`; it ends with its worker, however that ends."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def todays_base_lock(run_folder: Path) -> Path:
    """A lock of what Debian offers today: the project's own names packages that are gone some day."""
    path = run_folder / "base.lock"
    with one_worker_at_a_time(run_folder / "base.lock.lock"):
        if not path.exists():
            with echo_project() as scratch:
                lock_base(scratch)
                shutil.copy(scratch.root / BASE_LOCK, path)
    return path


@pytest.fixture
def small_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short windows need short spans, and looks that are as short."""
    monkeypatch.setattr(tally, "SPAN", 0.1)
    monkeypatch.setattr(watch, "_READ_EVERY", 0.1)
    monkeypatch.setattr(watch, "_JUDGE_EVERY", 0.2)


@pytest.fixture
def project(build_cache: Path, todays_base_lock: Path) -> Iterator[Scratch]:
    """The echo service with a locked base and three dependencies, committed as 1.0.0."""
    with echo_project() as scratch:
        use_cache(scratch, build_cache)
        scratch.edit("versions.yaml", "bootstrap: bookworm", f"bootstrap: bookworm, lock: {BASE_LOCK}")
        shutil.copy(todays_base_lock, scratch.root / BASE_LOCK)
        wanted = map(locked, ("click", "h11", "uvicorn"))
        (scratch.root / "service/requirements.lock").write_text("".join(wanted))
        scratch.commit("1.0.0")
        yield scratch


@pytest.fixture
def client() -> Iterator[Any]:
    """The engine's own client."""
    found = docker.from_env()
    yield found
    found.close()
