"""The ledger: the append-only history of what was done, one fsynced JSON line an event."""

import contextlib
import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from relctl.errors import UsageError, words_of
from relctl.state.event import MEANWHILE, Event, parse
from relctl.state.fault import effect
from relctl.state.files import naming, sync_folder, write_all
from relctl.state.person import who

_TORN = b"#torn"  # ends such a line; older ledgers begin it so


@dataclass(frozen=True)
class History:
    """What a ledger holds: its events, oldest first, and what could not be read."""

    events: list[Event]
    torn: str = ""
    damage: tuple[UsageError, ...] = ()


class Ledger:
    """The file; a build and a promote may append at the same time, each under the file's own lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._news: list[Event] = []
        self._say: Callable[[str], None] | None = None
        self._said: set[str] = set()

    def append(self, event: Event) -> None:
        """Add one event, stamped with the time and the person, and make it durable.

        Raises OSError, naming the file; the event is news all the same: what it tells of has happened.
        """
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        stamped = Event(**{**asdict(event), "at": at, "by": who()})
        self._news.append(stamped)
        self._keep(stamped)

    def note(self, event: Event) -> None:
        """Append an event; who tolerates the ledger goes on without it if there is no room, and says so.

        Raises OSError, naming the file, for anybody else.
        """
        try:
            self.append(event)
        except OSError as error:
            if self._say is None:
                raise
            self._say(f"going on, though {event.event} could not be written down: {words_of(error)}")

    def _keep(self, event: Event) -> None:
        line = json.dumps(event.as_json(), ensure_ascii=False) + "\n"
        fresh = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with naming(self.path):
            self._write(line.encode(), event.event)
        if fresh:
            sync_folder(self.path.parent)

    def news(self) -> list[Event]:
        """Return what was appended here since this was last asked, oldest first."""
        found, self._news = self._news, []
        return found

    def _write(self, line: bytes, name: str) -> None:
        with self.path.open("ab+", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # else a line that another is writing would look torn
            end = file.seek(0, os.SEEK_END)
            try:
                with effect("ledger.write", name):
                    write_all(file, _end_of_torn_line(file, end) + line)
                with effect("ledger.sync", name):
                    os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):  # what stays of the line is torn, and known to be
                    file.truncate(end)  # a disk that is nearly full takes a part of it
                raise

    def tolerate(self, say: Callable[[str], None]) -> None:
        """From now on go on whatever is the matter with it: that is said, once, and not raised."""
        self._say = say

    def insist(self) -> None:
        """Raise UsageError for the first thing that cannot be read, tolerated or not."""
        for damage in self.salvage().damage:
            raise damage

    def read(self) -> History:
        """Return all events; a torn last line is set aside.

        Raises UsageError for any other line that is no event, and for a file that cannot be read.
        """
        found = self.salvage()
        if self._say is None:
            for damage in found.damage:
                raise damage
        for each in (str(damage) for damage in found.damage):
            if self._say is not None and each not in self._said:
                self._said.add(each)
                self._say(f"going on without what cannot be read: {each}")
        return found

    def salvage(self) -> History:
        """Return what can be read, and an error for each line that is no event or for the whole file."""
        try:
            with naming(self.path):
                lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return History([])
        except OSError as error:
            return History([], damage=(self._unreadable(error),))
        torn = lines.pop().decode(errors="replace")
        found = [self._read(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        return History(
            [each for each in found if isinstance(each, Event)],
            torn,
            tuple(each for each in found if isinstance(each, UsageError)),
        )

    def _unreadable(self, error: OSError) -> UsageError:
        return UsageError(
            f"the ledger cannot be read: {words_of(error)}",
            f"mend that; or set it aside: mv {self.path} {self.path}.bad; {MEANWHILE}",
        )

    def _read(self, number: int, line: bytes) -> Event | UsageError | None:
        if line.startswith(_TORN) or line.endswith(_TORN):
            return None
        try:
            return parse(line, self.path, number)
        except UsageError as error:
            return error


def _end_of_torn_line(file: BinaryIO, end: int) -> bytes:
    """What closes a line that a crash cut short, and marks it; nothing that is there is written again."""
    whole = end == 0 or os.pread(file.fileno(), 1, end - 1) == b"\n"
    return b"" if whole else b" " + _TORN + b"\n"
