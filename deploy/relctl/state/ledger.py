"""The ledger: the append-only history of what was done, one fsynced JSON line an event."""

import contextlib
import fcntl
import getpass
import json
import os
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from relctl.errors import UsageError, words_of
from relctl.state.fault import effect
from relctl.state.files import naming, sync_folder, write_all

VERSION = 1


@dataclass(frozen=True)
class Event:
    """One line of the ledger; `source` is the slot that traffic came from (`from` in the file).

    `replaced` and `warm` are what an undo needs: the image that was in the slot, and whether it stayed there.
    """

    event: str
    tag: str = ""
    image_id: str = ""
    slot: str = ""
    source: str = ""
    replaced: str = ""
    warm: bool = False
    evidence: str = ""
    reason: str = ""
    at: str = ""
    by: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The event as the contract writes it: empty members left out, details beside the others."""
        found = {key: value for key, value in asdict(self).items() if value and key != "details"}
        if "source" in found:
            found["from"] = found.pop("source")
        return {"v": VERSION, **found, **self.details}


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

    def append(self, event: Event) -> Event:
        """Add one event, stamped with the time and the person, and make it durable.

        Raises OSError, naming the file; the event is news all the same: what it tells of has happened.
        """
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        stamped = Event(**{**asdict(event), "at": at, "by": who()})
        self._news.append(stamped)
        self._keep(stamped)
        return stamped

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

    @property
    def tolerant(self) -> bool:
        """Whether somebody goes on whatever is the matter with the ledger."""
        return self._say is not None

    def tolerate(self, say: Callable[[str], None]) -> None:
        """From now on read what can be read: what cannot is said, once, and not raised."""
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
            f"mend that; or set it aside: mv {self.path} {self.path}.bad; {_MEANWHILE}",
        )

    def _read(self, number: int, line: bytes) -> Event | UsageError | None:
        try:
            return self._event(number, line)
        except UsageError as error:
            return error

    def _event(self, number: int, line: bytes) -> Event | None:
        if line.startswith(_TORN) or line.endswith(_TORN):
            return None
        try:
            found = json.loads(line)
            version = found.pop("v")
            event = _event_of(found) if version == VERSION else None
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
            raise UsageError(
                f"{self.path}:{number}: not a ledger event",
                f"sed -n {number}p {self.path} shows it; mend it, or set the ledger aside:"
                f" mv {self.path} {self.path}.bad; {_MEANWHILE}",
            ) from None
        if event is None:
            raise UsageError(
                f"{self.path}:{number}: event version {version}; this relctl reads {VERSION}",
                f"use the relctl that wrote it, or a newer one; {_MEANWHILE}",
            )
        return event


def _event_of(found: dict[str, Any]) -> Event:
    """Read the members of a line; raises TypeError or KeyError when they are none of ours."""
    found["source"] = found.pop("from", "")
    known = {key: found.pop(key) for key in list(found) if key in Event.__dataclass_fields__}
    event = Event(**known, details=found)
    if not all(isinstance(value, str | bool) for key, value in asdict(event).items() if key != "details"):
        raise TypeError("a member is neither text nor a truth value")
    return event


_TORN = b"#torn"  # ends such a line; older ledgers begin it so
_MEANWHILE = "meanwhile relctl rollback goes back to a standby that is ready"


def _end_of_torn_line(file: BinaryIO, end: int) -> bytes:
    """What closes a line that a crash cut short, and marks it; nothing that is there is written again."""
    whole = end == 0 or os.pread(file.fileno(), 1, end - 1) == b"\n"
    return b"" if whole else b" " + _TORN + b"\n"


def who() -> str:
    """Return `user@host`, as the ledger and the lock write it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a uid without a passwd entry, as in a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
