"""Read the files of the access log: complete lines from a time on, and from a mark that rotations keep."""

import os
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from relctl.proxy.access_log_line import Request, parse

_AT_ONCE = 1024**2  # bytes; a backlog of an hour must not fill the memory
_NEAR = 64 * 1024  # bytes; within them reading is as fast as searching
_HEAD = 64  # bytes; the time of the first line, to the millisecond
_LONGEST = 1024**2  # bytes of a line; a longer one is discarded


class AccessFile:
    """A file held open, and so read to its end even if it is renamed."""

    def __init__(
        self, path: Path, since: float | None = None, most: int | None = None, at: int | None = None
    ) -> None:
        """Begin at the first line that ended at `since`, or at the end of the file without it.

        `at` is the offset to begin at, whatever the times say. `most`: begin at most that many bytes before
        the end; `cut` says whether that leaves lines out.
        """
        self._file: BinaryIO = path.open("rb", buffering=0)
        self._rest = b""
        self.truncated = 0
        self.identity = identity(os.fstat(self._file.fileno()))
        size = self._size()
        found = size if since is None else offset_of(self._file, since, size)
        wanted = found if at is None else at
        self._at = wanted if most is None else max(wanted, size - most)
        if since is None or self._at > wanted:
            self._begin_with_a_line()
        self._head = self._beginning()
        self.cut = since is not None and self._at > wanted and (self.first() or since) > since

    def first(self) -> float | None:
        """Return when the next unread request ended; None if there is none."""
        return _ended(os.pread(self._file.fileno(), _NEAR, self._at).split(b"\n")[:-1])

    def lines(self) -> Iterator[bytes]:
        """Yield the lines completed since the last call; an incomplete line waits for its end."""
        if self._size() < self._at or not self._beginning().startswith(
            self._head
        ):  # it may have been truncated and grown since
            self.truncated += 1
            self._at, self._rest = 0, b""
        while chunk := os.pread(self._file.fileno(), _AT_ONCE, self._at):
            self._at += len(chunk)
            *whole, self._rest = (self._rest + chunk).split(b"\n")
            yield from whole
            if len(self._rest) > _LONGEST:
                yield self._rest  # unreadable too, so it is counted
                self._rest = b""
        self._head = self._beginning()

    def close(self) -> bool:
        """Close the file; returns whether its last line was cut short."""
        self._file.close()
        return bool(self._rest)

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _beginning(self) -> bytes:
        """Return its first bytes, which change when it is truncated."""
        return os.pread(self._file.fileno(), _HEAD, 0)

    def _begin_with_a_line(self) -> None:
        """Go back to the start of a line, which may be half written: its end alone would be garbage."""
        if self._at and os.pread(self._file.fileno(), 1, self._at - 1) != b"\n":
            before = os.pread(self._file.fileno(), min(self._at, _NEAR), max(self._at - _NEAR, 0))
            self._at -= len(before) - (before.rfind(b"\n") + 1)


def identity(found: os.stat_result) -> tuple[int, int]:
    """Return what distinguishes a file from another one of the same name."""
    return found.st_dev, found.st_ino


def offset_of(file: BinaryIO, at: float, size: int) -> int:
    """Find by bisection the start of a line shortly before the first one that ended at `at`.

    Lines are ordered by their end, except for moments and where the clock was set.
    """
    low, high = 0, size
    while high - low > _NEAR:
        middle = (low + high) // 2
        found = _ended_after(file, middle)
        low, high = (low, middle) if found is None or found >= at else (middle, high)
    return low + _next_line(file, low) if low else 0


def _next_line(file: BinaryIO, offset: int) -> int:
    return os.pread(file.fileno(), _NEAR, offset).find(b"\n") + 1


def _ended_after(file: BinaryIO, offset: int) -> float | None:
    """Return when the first readable request that begins after `offset` ended; None if there is none."""
    return _ended(os.pread(file.fileno(), _NEAR, offset).split(b"\n")[1:-1])


def _ended(lines: Iterable[bytes]) -> float | None:
    """Return when the first readable request ended."""
    found = (parse(line) for line in lines)
    return next((request.ended for request in found if request is not None), None)


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


_GONE = Mark(0, 0)


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
    sizes = [(mark_of(each) or _GONE).offset for each in files]
    if last:
        sizes[-1] = last[1]
    lows = [first[1] if number == first[0] else 0 for number in range(len(files))]
    return list(zip(files, lows, sizes, strict=True))[first[0] :]


def _find(files: list[Path], mark: Mark) -> tuple[int, int] | None:
    """Return the file that a mark is in, and the offset; a copy also matches, a truncated file from 0."""
    ends = [mark_of(each) or _GONE for each in files]
    same = [number for number, end in enumerate(ends) if end.inode == mark.inode]
    whole = [
        number
        for number, end in enumerate(ends)
        if mark.head and end.offset >= mark.offset and end.head.startswith(mark.head)
    ]
    if whole:
        return next((number for number in same if number in whole), whole[0]), mark.offset
    return (same[0], 0) if same else None


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
