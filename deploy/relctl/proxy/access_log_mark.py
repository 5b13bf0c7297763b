"""Mark a place in the access log that is found again after rotations and clock changes."""

import os
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from relctl.proxy.access_log_file import rotated
from relctl.proxy.access_log_line import Request, parse

_HEAD = 64  # bytes; with the time of the first line, to the millisecond


@dataclass(frozen=True)
class Mark:
    """An `offset` in bytes into the file with this inode that begins with `head` ("" if it was empty)."""

    inode: int
    offset: int
    head: str = ""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Return the mark in an event; raises TypeError, ValueError or KeyError if it is invalid."""
        return cls(int(found["inode"]), int(found["offset"]), str(found["head"]))

    def as_json(self) -> dict[str, Any]:
        """Return its members in an event."""
        return asdict(self)


def mark_of(path: Path) -> Mark | None:
    """Mark the current end of the log; returns None if it cannot be read.

    A rollback calls this too and must not wait for a log.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            head = file.read(min(_HEAD, found.st_size)).decode(errors="replace")
            return Mark(found.st_ino, found.st_size, head)
    except OSError:
        return None


def after(path: Path, mark: Mark) -> list[tuple[Path, int]]:
    """Return the files logged after a mark, oldest first, and the offset at which each begins.

    If the marked file is gone, rotation has removed the oldest first: all that is left is newer.
    """
    files = [*rotated(path), path]
    number, at = _find(files, mark) or (0, 0)
    return [(files[number], at), *((each, 0) for each in files[number + 1 :])]


def before(
    path: Path, end: Mark | None, start: Mark | None, most: int, probes: Collection[str] = ()
) -> list[Request]:
    """Read what was logged between two marks, at most the last `most` bytes of it, oldest first.

    Without `end` read up to now, without `start` from the oldest file on.
    """
    found, left = deque[list[Request]](), most
    for file, low, high in reversed(_ranges(path, end, start)):
        begin = max(low, high - left)
        left -= max(high - begin, 0)
        found.appendleft([each for each in _requests(file, begin, high) if each.uri not in probes])
    return [request for part in found for request in part]


def _ranges(path: Path, end: Mark | None, start: Mark | None) -> list[tuple[Path, int, int]]:
    files = [*rotated(path), path]
    last = _find(files, end) if end else None
    first = (_find(files, start) if start else None) or (0, 0)
    if last:
        files = files[: last[0] + 1]
    sizes = [_size(each) for each in files]
    if last:
        sizes[-1] = last[1]
    lows = [first[1] if number == first[0] else 0 for number in range(len(files))]
    return list(zip(files, lows, sizes, strict=True))[first[0] :]


def _find(files: list[Path], mark: Mark) -> tuple[int, int] | None:
    """Return the file that a mark is in, and the offset; a copy also matches, a truncated file from 0."""
    found = [(number, _status(each)) for number, each in enumerate(files)]
    same = [number for number, status in found if status[0] == mark.inode]
    whole = [
        number
        for number, (_, size, head) in found
        if mark.head and size >= mark.offset and head.startswith(mark.head)
    ]
    if whole:
        return next((number for number in same if number in whole), whole[0]), mark.offset
    return (same[0], 0) if same else None


def _status(path: Path) -> tuple[int, int, str]:
    found = mark_of(path)
    return (found.inode, found.offset, found.head) if found else (0, 0, "")


def _size(path: Path) -> int:
    return _status(path)[1]


def _requests(path: Path, low: int, high: int) -> list[Request]:
    """Read the complete lines of a part of a file; a file removed meanwhile has none."""
    if high <= low:
        return []
    try:
        with path.open("rb") as file:
            file.seek(max(low - 1, 0))
            text = file.read(high - file.tell())
    except FileNotFoundError:
        return []
    lines = text.split(b"\n")
    return [each for each in map(parse, lines[1:] if low else lines) if each is not None]
