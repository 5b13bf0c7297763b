"""Access to git through GitPython's command object, with plumbing commands that no configuration changes."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from relctl import process
from relctl.errors import BuildError

if TYPE_CHECKING:  # imported at the first command: the import takes longer than most commands
    from git import Git as Commands

# Reading must not block a concurrent commit; and an object must match its id, without replacements.
_ALWAYS = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1"}


@dataclass(frozen=True)
class Git:
    """Git in one folder of a repository; `variables` override its environment."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def read(self, *arguments: str) -> bytes:
        """Return git's output; raises BuildError with git's message on failure."""
        done = self._run(*arguments)
        if done.returncode != 0:
            raise self._failed(arguments[0], done.stderr)
        return done.stdout

    def text(self, *arguments: str) -> str:
        """Return git's output as trimmed text."""
        return self.read(*arguments).decode(errors="surrogateescape").strip()

    def records(self, *arguments: str) -> list[str]:
        """Return the NUL-terminated records of git's output."""
        output = self.read(*arguments).decode(errors="surrogateescape")
        return [record for record in output.split("\0") if record]

    def knows(self, revision: str) -> bool:
        """Return whether a commit with this full id exists; raises BuildError outside a repository."""
        done = self._run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if done.returncode > 1:
            raise self._failed("rev-parse", done.stderr)
        return done.returncode == 0

    def stream(self, *arguments: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start git with pipes for input and output; its messages go to `errors`.

        GitPython uses a pipe for messages, which blocks git when it is full and nobody reads it (ADR 4).
        """
        with _clean_environment():
            return process.start(
                self._command(*arguments), self.folder, {**os.environ, **self._variables()}, stderr=errors
            )

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        with _clean_environment():
            commands = _command_object()
            from git.exc import GitCommandNotFound

            try:
                started = commands.execute(self._command(*arguments), as_process=True, env=self._variables())
            except GitCommandNotFound:
                raise process.not_installed("git") from None
        assert started.proc is not None  # noqa: S101 - for the type checker: it has just been started
        return process.finish(started.proc)

    def _command(self, *arguments: str) -> list[str]:
        """Pass the folder to git itself: GitPython would use another one if it cannot enter this one."""
        return ["git", "-C", str(self.folder), *arguments]

    def _variables(self) -> dict[str, str]:
        return {**_ALWAYS, **self.variables}

    def _failed(self, command: str, words: bytes) -> BuildError:
        said = words.decode(errors="replace").strip()
        return BuildError(f"{self.folder}: git {command}: {said}", "git status")


@contextlib.contextmanager
def _clean_environment() -> Iterator[None]:
    """Remove inherited GIT_ variables, from a hook for example: they name another repository.

    GitPython adds variables to this process's environment and cannot remove one. Restore them once git has
    started, because users' programs get the unchanged environment. Only one thread calls git.
    """
    outer = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith("GIT_")}
    try:
        yield
    finally:
        os.environ.update(outer)


def _command_object() -> "Commands":
    """Import GitPython, which looks for git at import and would raise its own error without one."""
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    try:
        from git import Git as Commands
    finally:
        del os.environ["GIT_PYTHON_REFRESH"]
    return Commands()
