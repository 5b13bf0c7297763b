"""Fixtures of the build tests: a scratch project, and a cache that is cold when the session begins."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from relctl.build.image import Options
from relctl.build.image import build as build_image
from relctl.config.project import load
from relctl.engine.protocol import Engine
from scratch import ROOT, Scratch, echo_project

BASE_LOCK = "service/base.lock"


@pytest.fixture(scope="session")
def build_cache() -> Iterator[Path]:
    """A cache for all build tests: bases are bootstrapped once, by the code that is tested."""
    with tempfile.TemporaryDirectory(prefix="relctl-test-cache-") as folder:
        yield Path(folder)


@pytest.fixture
def project(build_cache: Path) -> Iterator[Scratch]:
    """The echo service with a locked base and one dependency, committed as 1.0.0."""
    with echo_project() as scratch:
        use_cache(scratch, build_cache)
        scratch.edit("versions.yaml", "bootstrap: bookworm", f"bootstrap: bookworm, lock: {BASE_LOCK}")
        (scratch.root / BASE_LOCK).write_text((ROOT / BASE_LOCK).read_text())
        (scratch.root / "service/requirements.lock").write_text(locked("gunicorn"))
        scratch.commit("1.0.0")
        yield scratch


def use_cache(scratch: Scratch, cache: Path) -> None:
    """Put a cache in the place of the one that all tests share."""
    link = scratch.state / "cache"
    link.unlink()
    link.symlink_to(cache)


def locked(name: str) -> str:
    """Return one package of the service's own lock."""
    lock = (ROOT / "service/requirements.lock").read_text()
    found = re.search(rf"^{name}==(?:.*\\\n)+.*\n", lock, re.MULTILINE)
    assert found is not None, name
    return found[0]


def build_with(scratch: Scratch, engine: Engine) -> Any:
    """Build in this process, with an engine of the test's own."""
    settings = load(scratch.root, "local", scratch.environ)
    return build_image(settings, engine, Options(), lambda _: None)


@pytest.fixture
def client() -> Iterator[Any]:
    """The engine's own client."""
    found = docker.from_env()
    yield found
    found.close()
