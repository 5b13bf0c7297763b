"""The ledger's hash chain: each line holds the checksum of the previous one, so that edits are detected."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from relctl.state.event import Event

ACCEPTED = "accepted"  # event: an operator accepts all earlier lines as they are
_PIECE = 4096  # bytes; more than most lines


def checksum(line: bytes) -> str:
    """Return the SHA-256 of a line without its line feed; for the first line, hash b""."""
    return hashlib.sha256(line).hexdigest()


def last_line(file: BinaryIO) -> bytes:
    """Return the last complete line of an open file, b"" if none; read from the end, because ledgers grow."""
    end, found = file.seek(0, 2) - 1, b""
    while end > 0 and b"\n" not in found:
        start = max(0, end - _PIECE)
        file.seek(start)
        found, end = file.read(end - start) + found, start
    return found.rpartition(b"\n")[2]


def accepted(lines: Sequence[bytes], events: Sequence[Event | object]) -> int:
    """Return the number of the last `accepted` event that still matches the lines before it, 0 if none."""
    numbers = (n for n, each in enumerate(events, 1) if isinstance(each, Event) and each.event == ACCEPTED)
    return max((n for n in numbers if _accepts(events[n - 1], lines[: n - 1])), default=0)


def _accepts(event: Event | object, lines: Sequence[bytes]) -> bool:
    return isinstance(event, Event) and event.details.get("until") == until(lines)


def until(lines: Sequence[bytes]) -> str:
    """Return the checksum over many lines, as an `accepted` event records it."""
    return checksum(b"".join(line + b"\n" for line in lines))


def breaks(lines: Sequence[bytes], events: Sequence[Event | object]) -> Iterator[tuple[int, str]]:
    """Yield each line number at which the chain breaks, and the reason; `events` holds the parsed lines.

    Lines from older relctl versions carry no checksum and come before all lines that do. A line that is not
    an event, for example after a crash, is only the predecessor of the next one.
    """
    before, chained = b"", False
    for number, (line, event) in enumerate(zip(lines, events, strict=True), 1):
        if isinstance(event, Event):
            if event.before and event.before != checksum(before):
                yield number, "the line before it is not the one that relctl wrote"
            elif chained and not event.before:
                yield number, "relctl did not write it"
            chained = chained or bool(event.before)
        before = line
