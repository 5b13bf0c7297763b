"""Locking requirements.in: every package that it needs, by version and hash, for all platforms."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from relctl.build import program, requirements
from relctl.build.changes import Locked, changes
from relctl.config.project import Project
from relctl.errors import BuildError, UsageError
from relctl.state.files import replace_text

Say = Callable[[str], None]

_OPTIONS = (
    *("--generate-hashes", "--allow-unsafe", "--strip-extras", "--quiet"),
    # What belongs to the machine that locks: indexes are the business of whoever installs.
    *("--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-emit-options"),
)


def lock_requirements(project: Project, say: Say) -> Locked:
    """Resolve requirements.in and write the lock beside it; versions that still fit are kept.

    Raises UsageError when pip-tools is missing or runs under another Python, BuildError with pip's words.
    """
    text, locked = _resolve(project, say)
    replace_text(locked.path, text)
    return locked


def check_requirements(project: Project, say: Say) -> Locked:
    """Resolve, write nothing, and return what `lock_requirements` would change."""
    return _resolve(project, say)[1]


def _resolve(project: Project, say: Say) -> tuple[str, Locked]:
    path = project.root / project.versions.requirements
    wanted = path.with_suffix(".in")
    if not wanted.is_file():
        raise UsageError(
            f"{wanted}: there is no such file", "name there what the service imports, one a line"
        )
    _same_python(project.versions.python)
    say(f"resolving {project.versions.requirements.with_suffix('.in')}")
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    new = _compile(wanted, old)
    return new, Locked(path, changes(_versions(old), _versions(new)))


def _compile(wanted: Path, old: str) -> str:
    """Run pip-compile; it finds the old lock as its output, and keeps to it where it can."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "requirements.lock"
        output.write_text(old, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "piptools",
            "compile",
            *_OPTIONS,
            f"--output-file={output}",
            wanted.name,
        ]
        done = program.run(command, wanted.parent, {**os.environ, "CUSTOM_COMPILE_COMMAND": "relctl lock"})
        if done.returncode != 0:
            raise _in_words(wanted, done.stderr.decode(errors="replace").strip())
        return output.read_text(encoding="utf-8")


def _versions(text: str) -> dict[str, str]:
    """Return the versions of a lock, also of one that is too broken to build from."""
    try:
        return {pinned.name: pinned.version for pinned in requirements.read(text, "requirements.lock")}
    except UsageError:
        return {}


def _same_python(wanted: str) -> None:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    if running != wanted:
        raise UsageError(
            f"requirements are resolved for the Python of relctl, {running}; versions.yaml says {wanted}",
            f"install relctl under Python {wanted}, and lock with that",
        )


def _in_words(wanted: Path, errors: str) -> UsageError:
    if "No module named piptools" in errors:
        return UsageError("pip-tools is not installed; it resolves requirements", "pip install 'relctl[dev]'")
    return BuildError(f"{wanted}: cannot be resolved: {errors[-800:]}", f"correct {wanted.name}")
