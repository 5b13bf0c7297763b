"""Find the rotated files of the access log by name, and order them by age."""

import re
from pathlib import Path


def rotated(path: Path, since: float = 0.0) -> list[Path]:
    """Return the rotated files of the log that can be searched, oldest first."""
    return [each for each in renamed(path, since) if not is_compressed(each)]


def renamed(path: Path, since: float = 0.0) -> list[Path]:
    """Return the rotated files of the log written after `since`, oldest first.

    Such names are access.log.1, access.log.2.gz and access.log-20261120.
    """
    found = {each: _written(each) for each in path.parent.glob(f"{path.name}[.-]*")}
    return sorted(
        (each for each, written in found.items() if written >= since),
        key=lambda each: (_number(each, path), found[each]),
    )


def is_compressed(path: Path) -> bool:
    """Return whether a rotated file cannot be searched."""
    return path.suffix in (".gz", ".xz", ".zst", ".bz2")


def _number(each: Path, path: Path) -> int:
    """Return minus the rotation number, so that the oldest is first: unlike clocks, numbers do not change."""
    match = re.match(r"\.(\d{1,4})(\.|$)", each.name.removeprefix(path.name))
    return -int(match[1]) if match else -10_000


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # compressed or removed meanwhile
        return 0.0
