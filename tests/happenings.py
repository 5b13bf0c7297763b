"""What has happened to the world, in order and in words: by the points at which tests may kill a process."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from relctl.state import fault_points

_WORDS = {
    "before:step": "step",
    "after:ledger.write": "write",
    "after:link.rename": "point",
    "after:container.start": "start",
    "after:container.remove": "remove",
    "after:image.name": "name",
    "after:image.unname": "unname",
    "after:file.rename": "file",
    "after:file.remove": "delete",
    "after:lock.take": "take",
    "after:lock.release": "free",
    "after:nginx.test": "test",
    "after:nginx.start": "serve",
    "after:nginx.reload": "reload",
    "after:nginx.retire": "retire",
    "after:notify": "tell",
    "after:asked": "ask",
}  # how a file is replaced has tests of its own


@dataclass(frozen=True)
class Record:
    """The points that were passed, in a file."""

    file: Path

    def happened(self, *but: str) -> list[str]:
        """What was done since this was last asked: steps when they are reached, effects once they happened.

        `but`: the first words of what is left out.
        """
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        self.file.unlink(missing_ok=True)
        told = [words for line in lines if (words := in_words(line))]
        return [each for each in told if each.partition(" ")[0] not in but]

    def asked(self, whom: str) -> None:
        """Note that somebody is asked, which changes nothing."""
        with self.file.open("a") as points:
            points.write(f"after:asked:{whom}#0\n")


@contextlib.contextmanager
def recorded(file: Path) -> Iterator[Record]:
    """Record what happens in the block."""
    fault_points.arm(f"record:{file}")
    try:
        yield Record(file)
    finally:
        fault_points.arm(None)


def in_words(line: str) -> str:
    """A recorded point as a test says it, "" for one that no order is asked of."""
    when, _, rest = line.rpartition("#")[0].partition(":")
    name, _, of = rest.partition(":")
    words = _WORDS.get(f"{when}:{name}", "")
    if name == "link.rename":  # the pointer itself: where it leads is a point of its own
        return f"{words} {of.removeprefix('to ')}" if of.startswith("to ") else ""
    return f"{words} {of}".strip() if words else ""
