"""Having relctl killed at a point of a command: which points there are, and one run to its death."""

import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scratch import Scratch


@dataclass(frozen=True)
class Run:
    """A command line, the variables that it sees, and the exit code with which it would end by itself."""

    arguments: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    code: int = 0

    def points(self, project: Scratch) -> list[str]:
        """Let it run to its end; returns a point for each state of the world on the way."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "points"
            done = project.run(*self.arguments, **self.environ, RELCTL_FAULT=f"record:{file}")
            assert done.returncode == self.code, done.stderr
            return list(distinct(file.read_text().splitlines()))

    def killed(self, project: Scratch, point: str) -> None:
        """Let it run into its death at a point."""
        done = project.run(*self.arguments, **self.environ, RELCTL_FAULT=f"kill:{point}")
        assert done.returncode == -signal.SIGKILL, f"{point} was not passed: {done.stderr}"


def distinct(points: Sequence[str]) -> Iterator[str]:
    """The first point, and those behind an effect: at any other one the world is as at the one before it."""
    yield from points[:1]
    yield from (each for each in points if each.startswith("after:") and not each.startswith("after:step:"))
