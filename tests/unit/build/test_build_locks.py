"""Locking: what is written, what a check finds, and what cannot be locked."""

import sys
from pathlib import Path
from typing import Any

import pytest

from relctl import process
from relctl.build import base, lock_files
from relctl.build.debian import BaseLock, Package
from relctl.build.lock_files import Change, check_base, check_requirements, lock_base, lock_requirements
from relctl.config.environment import Environment
from relctl.config.project import Project
from relctl.config.versions import Versions
from relctl.errors import UsageError
from unit.build.build_job import VERSIONS

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
BASE = {"bootstrap": "bookworm", "lock": "service/base.lock"}


def project(root: Path, **versions: Any) -> Project:
    settings = Versions.model_validate(VERSIONS | {"python": RUNNING, "base": BASE} | versions)
    return Project(root, settings, "local", Environment())


def silent(_words: str) -> None:
    pass


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The versions that Debian offers, by package; a test may change them."""
    offered = {"tzdata": "2026a", "zlib1g": "1:1.3"}

    def resolve(_cache: object, _suite: str, architecture: str, _python: str) -> tuple[Package, ...]:
        return tuple(Package(name, version, architecture[:1] * 64) for name, version in offered.items())

    monkeypatch.setattr(base, "resolve", resolve)
    return offered


def test_the_base_is_locked_for_every_platform(tmp_path: Path, today: dict[str, str]) -> None:
    locked = lock_base(project(tmp_path), silent)
    assert locked.path == tmp_path / "service/base.lock"
    assert [change.name for change in locked.changes] == [
        *("tzdata:amd64", "tzdata:arm64", "zlib1g:amd64", "zlib1g:arm64"),
    ]
    assert set(BaseLock.read(locked.path.read_text(), "lock").packages) == {
        ("bookworm", "amd64"),
        ("bookworm", "arm64"),
    }


def test_a_check_of_the_base_finds_what_moved_and_writes_nothing(
    tmp_path: Path, today: dict[str, str]
) -> None:
    before = lock_base(project(tmp_path), silent).path.read_text()
    assert check_base(project(tmp_path), silent).changes == []
    today["tzdata"] = "2026b"
    assert check_base(project(tmp_path), silent).changes == [
        Change("tzdata:amd64", "2026a", "2026b"),
        Change("tzdata:arm64", "2026a", "2026b"),
    ]
    assert (tmp_path / "service/base.lock").read_text() == before


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"bootstrap": "bookworm"}, "base names no lock"),
        ({"image": f"python@sha256:{'a' * 64}"}, "pinned by its digest already"),
    ],
)
def test_a_base_that_has_nothing_to_lock_is_refused(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        lock_base(project(tmp_path, base=settings), silent)


PIN = "gunicorn=={} --hash=sha256:" + "a" * 64 + "\n"


def test_requirements_are_compiled_from_the_old_lock_and_compared_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.in").write_text("gunicorn\n")
    (tmp_path / "requirements.lock").write_text(PIN.format("1"))
    seen = []

    def compiled(_wanted: Path, old: str) -> str:
        seen.append(old)
        return PIN.format("2")

    monkeypatch.setattr(lock_files, "_compile", compiled)
    assert check_requirements(project(tmp_path), silent).changes == [Change("gunicorn", "1", "2")]
    lock_requirements(project(tmp_path), silent)
    assert check_requirements(project(tmp_path), silent).changes == []
    assert seen == [PIN.format("1"), PIN.format("1"), PIN.format("2")]


def test_a_lock_needs_something_to_be_resolved(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"requirements\.in: there is no such file"):
        lock_requirements(project(tmp_path), silent)


def test_another_python_than_the_images_cannot_resolve_for_it(tmp_path: Path) -> None:
    (tmp_path / "requirements.in").touch()
    with pytest.raises(UsageError, match=rf"relctl, {RUNNING}; versions\.yaml says 3\.99"):
        lock_requirements(project(tmp_path, python="3.99"), silent)


def test_pip_tools_that_are_not_installed_are_named(tmp_path: Path) -> None:
    error = lock_files._in_words(tmp_path, "/usr/bin/python: No module named piptools")
    assert "pip install 'relctl[dev]'" in error.hint


def test_a_program_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no-such-program is not installed"):
        process.run(["no-such-program"], tmp_path)
