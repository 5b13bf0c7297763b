"""The ledger: the append-only history of what was done, one fsynced JSON line an event."""

import fcntl
import getpass
import json
import os
import socket
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relctl.errors import UsageError
from relctl.state.fault import effect
from relctl.state.files import name_file, sync_folder

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


class Ledger:
    """The file; a build and a promote may append at the same time, each under the file's own lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._news: list[Event] = []

    def append(self, event: Event) -> Event:
        """Add one event, stamped with the time and the person, and make it durable."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        stamped = Event(**{**asdict(event), "at": at, "by": who()})
        self._keep(stamped)
        self._news.append(stamped)
        return stamped

    def _keep(self, event: Event) -> None:
        line = json.dumps(event.as_json(), ensure_ascii=False) + "\n"
        fresh = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._write(line.encode(), event.event)
        except OSError as error:
            name_file(error, self.path)
            raise
        if fresh:
            sync_folder(self.path.parent)

    def news(self) -> list[Event]:
        """Return what was appended here since this was last asked, oldest first."""
        found, self._news = self._news, []
        return found

    def _write(self, line: bytes, name: str) -> None:
        with self.path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # else a line that another is writing would look torn
            _end_torn_line(file)
            with effect("ledger.write", name):
                file.write(line)
                file.flush()
            with effect("ledger.sync", name):
                os.fsync(file.fileno())

    def read(self) -> History:
        """Return all events; a torn last line is set aside, any other bad line is an error."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return History([])
        torn = lines.pop().decode(errors="replace")
        events = [self._event(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        return History([event for event in events if event is not None], torn)

    def _event(self, number: int, line: bytes) -> Event | None:
        if line.startswith(_TORN):
            return None
        try:
            found = json.loads(line)
            version = found.pop("v")
            event = _event_of(found) if version == VERSION else None
        except (ValueError, AttributeError, KeyError, TypeError):
            raise UsageError(
                f"{self.path}:{number}: not a ledger event",
                f"look at that line; to set the ledger aside: mv {self.path} {self.path}.bad",
            ) from None
        if event is None:
            raise UsageError(
                f"{self.path}:{number}: event version {version}; this relctl reads {VERSION}",
                "use the relctl that wrote it, or a newer one",
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


_TORN = b"#torn "


def _end_torn_line(file: Any) -> None:
    """Close a line that a crash cut short, and mark it, so that the next event starts on its own."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        return
    file.seek(end - 1)
    if file.read(1) == b"\n":
        return
    file.seek(0)
    start = file.read().rfind(b"\n") + 1
    file.seek(start)
    rest = file.read()
    file.truncate(start)
    file.write(_TORN + rest + b"\n")


def who() -> str:
    """Return `user@host`, as the ledger and the lock write it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a uid without a passwd entry, as in a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
