"""The ledger: the append-only history of operations, one fsynced JSON line per event, in a hash chain."""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from relctl.errors import FileError, HeldFileError, UsageError, words_of
from relctl.state.event import MEANWHILE, Event, parse
from relctl.state.fault_points import effect
from relctl.state.files import make_folder, naming, sync_folder, write_all
from relctl.state.history import History, fold
from relctl.state.opening import lock_within, opened, read_own, try_lock
from relctl.state.ownership import who

_TORN = b"#torn"  # marks the end of a torn line; in older ledgers, its start
_CHANGED = "the ledger was edited outside relctl"
_WRITTEN_WITHIN = 5.0  # seconds; a holder of the file's lock writes one line
_TOLERATED_WITHIN = 0.5  # seconds, for commands that go on without the ledger: traffic is waiting
ACCEPTED = "accepted"  # event: an operator accepts all earlier lines as they are
_PIECE = 4096  # bytes; more than most lines


@dataclass(frozen=True)
class LedgerContent:
    """The content of a ledger: its events, oldest first, and what could not be read.

    `broken` names the first place edited by anything but relctl, "" if none. `sound` holds the events after
    the last such place, or all events: those are as relctl wrote them.
    """

    events: list[Event]
    torn: str = ""
    damage: tuple[UsageError, ...] = ()
    broken: str = ""
    sound: Sequence[Event] = ()

    @cached_property
    def history(self) -> History:
        """Return what the events come to."""
        return fold(self.events)


class Ledger:
    """The ledger file; concurrent commands append to it, each under the file's own lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._news: list[Event] = []
        self._say: Callable[[str], None] | None = None
        self._said: set[str] = set()
        self._held: HeldFileError | None = None  # set once another process did not release it in time

    def append(self, event: Event) -> None:
        """Append one event, with time and user, and fsync it.

        Raises OSError, naming the file. The event still counts as news, because the operation has happened.
        """
        done = stamped(event)
        self._news.append(done)
        self._keep(done)

    def note(self, event: Event) -> None:
        """Append an event; if the ledger is tolerated, report a failure and go on.

        Otherwise raises OSError, naming the file.
        """
        try:
            self.append(event)
        except OSError as error:
            if self._say is None:
                raise
            self._say(f"continuing, though {event.event} could not be written down: {words_of(error)}")

    def accept(self, reason: str) -> None:
        """Record that an operator accepts outside edits; raises UsageError if there are none."""
        if not self.salvage().broken:
            raise UsageError(f"{self.path}: there is no outside edit to accept", "relctl history")
        lines = read_own(self.path).split(b"\n")[:-1]
        self.append(Event(ACCEPTED, reason=reason, details={"until": until(lines)}))

    def _keep(self, event: Event) -> None:
        make_folder(self.path.parent)
        fresh = not self.path.exists()
        with naming(self.path), opened(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND) as descriptor:
            self._lock(descriptor)  # else a line being written by another process would look torn
            with open(descriptor, "rb+", buffering=0, closefd=False) as file:
                _write(file, event)
        if fresh:
            sync_folder(self.path.parent)

    def _lock(self, descriptor: int) -> None:
        """Wait for the current writer: briefly if traffic is waiting, and not again after a timeout."""
        if self._held is not None and not try_lock(descriptor, fcntl.LOCK_EX):
            raise self._held
        patience = _WRITTEN_WITHIN if self._say is None else _TOLERATED_WITHIN
        try:
            lock_within(descriptor, self.path, fcntl.LOCK_EX, patience)
        except HeldFileError as held:
            self._held = held
            raise

    def news(self) -> list[Event]:
        """Return the events appended here since the last call, oldest first."""
        found, self._news = self._news, []
        return found

    def tolerate(self, say: Callable[[str], None]) -> None:
        """From now on report every problem with the ledger once instead of raising it."""
        self._say = say

    def insist(self) -> None:
        """Raise UsageError for the first unreadable part, tolerated or not."""
        for damage in self.salvage().damage:
            raise damage

    def read(self) -> LedgerContent:
        """Return all events; a torn last line is returned apart.

        Raises UsageError for any other line that is not an event, and for an unreadable file.
        """
        found = self.salvage()
        for damage in found.damage:
            if self._say is None:
                raise damage
            self.tell(self._say, f"continuing without what cannot be read: {damage}")
        if self._say is not None:
            self.tell(self._say, found.broken)
        return found

    def tell(self, say: Callable[[str], None], words: str) -> None:
        """Report a problem, once."""
        if words and words not in self._said:
            self._said.add(words)
            say(words)

    def salvage(self) -> LedgerContent:
        """Return what can be read, with one error per bad line or one for the whole file."""
        try:
            with naming(self.path):
                lines = read_own(self.path).split(b"\n")
        except FileNotFoundError:
            return LedgerContent([])
        except OSError as error:
            return LedgerContent([], damage=(self._unreadable(error),))
        return self._history(lines, torn=lines.pop().decode(errors="replace"))

    def _history(self, lines: list[bytes], torn: str) -> LedgerContent:
        found = [self._read(number, line) for number, line in enumerate(lines, 1)]
        events = [each for each in found if isinstance(each, Event)]
        damage = tuple(each for each in found if isinstance(each, UsageError))
        broken = list(breaks(lines, found))
        taken = accepted(lines, found) if broken else 0
        broken = [(number, how) for number, how in broken if number > taken]
        if not broken:
            return LedgerContent(events, torn, damage, sound=events)
        first, last = broken[0], broken[-1][0]
        sound = [each for each in found[last:] if isinstance(each, Event)]
        return LedgerContent(events, torn, damage, f"{self.path}:{first[0]}: {_CHANGED}: {first[1]}", sound)

    def _unreadable(self, error: OSError) -> UsageError:
        aside = f"fix that; or set it aside: mv {self.path} {self.path}.bad"
        way = error.hint if isinstance(error, FileError) else aside
        return UsageError(f"the ledger cannot be read: {words_of(error)}", f"{way}; {MEANWHILE}")

    def _read(self, number: int, line: bytes) -> Event | UsageError | None:
        if not line.strip() or line.startswith(_TORN) or line.endswith(_TORN):
            return None
        try:
            return parse(line, self.path, number)
        except UsageError as error:
            return error


def stamped(event: Event) -> Event:
    """Return an event with the time and the user."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Event(**{**asdict(event), "at": at, "by": who()})


def _write(file: BinaryIO, event: Event) -> None:
    """Append an event, first closing a torn line; on a full disk leave the file as it was."""
    end = file.seek(0, os.SEEK_END)
    try:
        with effect("ledger.write", event.event):
            write_all(file, _end_of_torn_line(file, end))
            write_all(file, _line(replace(event, before=checksum(last_line(file)))))
        with effect("ledger.sync", event.event):
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):  # the rest of the line is then marked as torn
            file.truncate(end)  # a nearly full disk accepts part of it
        raise


def _line(event: Event) -> bytes:
    return json.dumps(event.as_json(), ensure_ascii=False).encode() + b"\n"


def _end_of_torn_line(file: BinaryIO, end: int) -> bytes:
    """Return the bytes that close and mark a line cut short by a crash; existing bytes are not rewritten."""
    whole = end == 0 or os.pread(file.fileno(), 1, end - 1) == b"\n"
    return b"" if whole else b" " + _TORN + b"\n"


def select(
    events: Sequence[Event],
    names: Collection[str] = (),
    since: datetime | None = None,
    last: int | None = None,
) -> list[Event]:
    """Return the events with these names (all if none given), since `since`, limited to the `last` ones.

    An event with an unreadable time, which relctl does not write, counts as older than everything.
    """
    found = [event for event in events if not names or event.event in names]
    if since is not None:
        found = [event for event in found if (at := moment(event.at)) is not None and at >= since]
    return found if last is None else found[-last:]


def moment(at: str) -> datetime | None:
    """Parse the time of an event, None if invalid; without a zone it is UTC, as relctl writes it."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


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
