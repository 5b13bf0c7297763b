"""Locking the contents of a release for all platforms: Python requirements and Debian packages, by hash."""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from relctl import process
from relctl.build import base, requirements
from relctl.build.cache import Cache
from relctl.build.debian import BaseLock
from relctl.build.job import TARGETS
from relctl.config.project import Project
from relctl.errors import BuildError, UsageError
from relctl.state.files import replace_text
from relctl.state.paths import Paths
from relctl.state.steps import Step

Say = Callable[[str], None]

_OPTIONS = (
    *("--generate-hashes", "--allow-unsafe", "--strip-extras", "--quiet"),
    # Omit settings of this machine: each installer chooses its own indexes.
    *("--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-emit-options"),
)


@dataclass(frozen=True)
class Change:
    """One changed pin; "" stands for no version."""

    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Locked:
    """A lock: its file, and its changes (for a check, those it would get)."""

    path: Path
    changes: list[Change]


def lock_requirements(project: Project, say: Say) -> Locked:
    """Resolve requirements.in and write the lock beside it; keep versions that still fit.

    Raises UsageError if pip-tools is missing or runs under another Python, BuildError with pip's message.
    """
    return _write(*_requirements(project, say))


def check_requirements(project: Project, say: Say) -> Locked:
    """Resolve without writing; return what `lock_requirements` would change."""
    return _requirements(project, say)[1]


def lock_base(project: Project, say: Say) -> Locked:
    """Resolve the base's packages and write base.lock.

    Raises UsageError if versions.yaml names no lock, BuildError with apt's message.
    """
    return _write(*_base(project, say))


def check_base(project: Project, say: Say) -> Locked:
    """Resolve without writing; return what `lock_base` would change."""
    return _base(project, say)[1]


def describe_lock(project: Project, base_only: bool) -> Step:
    """Say which locks would be replaced, from what; refuse what `lock` would refuse before resolving."""
    versions, does = project.versions, list[str]()
    if not base_only:
        _requirements_in(project)
        wanted = versions.requirements.with_suffix(".in")
        does.append(f"replace {versions.requirements} by what {wanted} comes to")
    if base_only or versions.base.lock:
        _base_lock(project)
        on = " and ".join(each.platform for each in TARGETS)
        does.append(f"replace {versions.base.lock} by the packages of {versions.base.bootstrap} for {on}")
    return Step("lock", "; ".join(does))


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
    """Compare versions by name."""
    names = sorted(old.keys() | new.keys())
    found = (Change(name, old.get(name, ""), new.get(name, "")) for name in names)
    return [change for change in found if change.old != change.new]


def _write(text: str, locked: Locked) -> Locked:
    replace_text(locked.path, text, 0o644)
    return locked


def _requirements(project: Project, say: Say) -> tuple[str, Locked]:
    path, wanted = project.root / project.versions.requirements, _requirements_in(project)
    say(f"resolving {project.versions.requirements.with_suffix('.in')}")
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    new = _compile(wanted, old)
    return new, Locked(path, changes(_pinned(old), _pinned(new)))


def _requirements_in(project: Project) -> Path:
    """Return the file to resolve requirements from; raises UsageError if that is impossible."""
    wanted = (project.root / project.versions.requirements).with_suffix(".in")
    python = project.versions.python
    if not wanted.is_file():
        raise UsageError(
            f"{wanted}: there is no such file",
            "list there the packages that the service imports, one per line",
        )
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    if running != python:
        raise UsageError(
            f"requirements are resolved for the Python of relctl, {running}; versions.yaml says {python}",
            f"install relctl under Python {python} and run relctl lock there",
        )
    return wanted


def _compile(wanted: Path, old: str) -> str:
    """Run pip-compile on the old lock, so that it keeps versions where it can."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "requirements.lock"
        output.write_text(old, encoding="utf-8")
        command = [sys.executable, "-m", "piptools", "compile", *_OPTIONS, f"--output-file={output}"]
        environment = {**os.environ, "CUSTOM_COMPILE_COMMAND": "relctl lock"}
        done = process.run([*command, wanted.name], wanted.parent, environment)
        if done.returncode != 0:
            raise _in_words(wanted, done.stderr.decode(errors="replace").strip())
        return output.read_text(encoding="utf-8")


def _pinned(text: str) -> dict[str, str]:
    """Return the versions of a lock, {} for one too broken to build from."""
    try:
        return {pinned.name: pinned.version for pinned in requirements.read(text, "requirements.lock")}
    except UsageError:
        return {}


def _in_words(wanted: Path, errors: str) -> UsageError:
    if "No module named piptools" in errors:
        return UsageError("pip-tools is not installed; it resolves requirements", "pip install 'relctl[dev]'")
    return BuildError(f"{wanted}: cannot be resolved: {errors[-800:]}", f"correct {wanted.name}")


def _base(project: Project, say: Say) -> tuple[str, Locked]:
    path = _base_lock(project)
    old = BaseLock.read(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else BaseLock({})
    new = _today(project, say)
    return str(new), Locked(path, changes(old.versions, new.versions))


def _base_lock(project: Project) -> Path:
    """Return the lock of the base's packages; raises UsageError if versions.yaml names none."""
    settings = project.versions.base
    if settings.image:
        raise UsageError("versions.yaml: base.image is pinned by its digest already", "relctl lock")
    if settings.lock is None:
        raise UsageError(
            "versions.yaml: base names no lock", "write base: {bootstrap: …, lock: service/base.lock}"
        )
    return project.root / settings.lock


def _today(project: Project, say: Say) -> BaseLock:
    suite = project.versions.base.bootstrap
    cache = Cache(Paths(project.state_dir, project.versions.service, project.name).cache)
    found = {}
    for each in TARGETS:
        say(f"resolving {suite} for {each.platform}")
        found[suite, each.architecture] = base.resolve(
            cache, suite, each.architecture, project.versions.python
        )
    return BaseLock(found)
