"""The door to git: plumbing commands only, whose output no configuration of a user changes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from relctl.build import program
from relctl.errors import BuildError


@dataclass(frozen=True)
class Git:
    """Git in one folder of a repository; `variables` are laid over its environment."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def read(self, *arguments: str) -> bytes:
        """Return what git writes; raises BuildError with git's own words when it fails."""
        done = program.run(["git", *arguments], self.folder, self.environment())
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise BuildError(f"{self.folder}: git {arguments[0]}: {said}", "git status")
        return done.stdout

    def text(self, *arguments: str) -> str:
        """Return what git writes, as one trimmed text."""
        return self.read(*arguments).decode(errors="surrogateescape").strip()

    def records(self, *arguments: str) -> list[str]:
        """Return the NUL-terminated records that git writes."""
        output = self.read(*arguments).decode(errors="surrogateescape")
        return [record for record in output.split("\0") if record]

    def environment(self) -> dict[str, str]:
        """Drop the GIT_ variables that a hook or an outer git leaves: they name another repository.

        No optional locks: looking must not get in the way of someone who commits in the same folder.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", **self.variables}
