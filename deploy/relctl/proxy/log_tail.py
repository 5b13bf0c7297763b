"""The end of a log that is being written and rotated: a bounded read, never the whole file."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 4 * 1024**2  # about 15,000 requests of the access log
_COMPRESSED = (".gz", ".xz", ".bz2", ".zst")


@dataclass(frozen=True)
class Tail:
    """The last complete lines of a log, oldest first; `whole` says that there are no older ones."""

    lines: Sequence[bytes]
    whole: bool


def read_tail(log: Path, most_bytes: int = MOST_BYTES) -> Tail:
    """Read the last lines; right after a rotation most of them are in the file that was renamed.

    In the middle of one there is no file of the log's own name. A line that is not ended yet is left out.
    """
    rotated = sorted(log.parent.glob(f"{log.name}?*"), key=_written, reverse=True)
    lines, left, whole = list[bytes](), most_bytes, len(rotated) <= 1
    for path in (log, *rotated[:1]):
        if path.suffix in _COMPRESSED or left <= 0:
            return Tail(lines, whole=False)
        try:
            content, from_start = _end(path, left)
        except FileNotFoundError:
            continue
        *complete, _unfinished = content.split(b"\n")
        lines[:0] = [line for line in complete[0 if from_start else 1 :] if line]
        left, whole = left - len(content), whole and from_start
    return Tail(lines, whole)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # it was compressed, or removed, meanwhile
        return 0.0


def _end(path: Path, most: int) -> tuple[bytes, bool]:
    """Return the last bytes of a file, and whether they begin where it begins; then no line is cut."""
    with path.open("rb") as file:
        start = max(file.seek(0, os.SEEK_END) - most, 0)
        file.seek(start)
        return file.read(most), start == 0
