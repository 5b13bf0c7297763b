"""What a new lock changes in an old one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Change:
    """One pin that differs: "" is the version of what is not there."""

    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Locked:
    """A lock: its file, and what is new in it (or, of a check, what would be)."""

    path: Path
    changes: list[Change]


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
    """Compare versions by name."""
    names = sorted(old.keys() | new.keys())
    found = (Change(name, old.get(name, ""), new.get(name, "")) for name in names)
    return [change for change in found if change.old != change.new]
