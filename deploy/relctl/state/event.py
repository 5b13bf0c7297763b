"""The event: one line of the ledger, as written and parsed."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from relctl.errors import UsageError
from relctl.state.event_schema import misfit

VERSION = 1
MEANWHILE = "meanwhile relctl rollback goes back to a standby that is ready"


@dataclass(frozen=True)
class Event:
    """One line of the ledger; `source` is the slot that traffic came from (`from` in the file).

    An undo needs `replaced` (the image that was in the slot) and `warm` (whether its container stayed there).
    `before` is the checksum of the previous line.
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
    before: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the event in file format: empty members left out, details at the top level."""
        found = {key: value for key, value in asdict(self).items() if value and key != "details"}
        if "source" in found:
            found["from"] = found.pop("source")
        return {"v": VERSION, **found, **self.details}


def parse(line: bytes, path: Path, number: int) -> Event:
    """Parse a line of the ledger at `path`; raises UsageError if it is not an event of a known version."""
    try:
        found = json.loads(line)
        version = found.pop("v")
        wrong = misfit(found) if version == VERSION else ""
        event = _event_of(found) if version == VERSION else None
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        raise _damage(path, number) from None
    if wrong:
        raise _damage(path, number, f": {wrong}")
    if event is None:
        raise UsageError(
            f"{path}:{number}: event version {version}; this relctl reads {VERSION}",
            f"use the relctl that wrote it, or a newer one; {MEANWHILE}",
        )
    return event


def _damage(path: Path, number: int, why: str = "") -> UsageError:
    return UsageError(
        f"{path}:{number}: not a ledger event{why}",
        f"sed -n {number}p {path} shows it; fix it, or set the ledger aside:"
        f" mv {path} {path}.bad; {MEANWHILE}",
    )


def _event_of(found: dict[str, Any]) -> Event:
    """Build an event from the members of a line; raises TypeError if they are not an event's."""
    found["source"] = found.pop("from", "")
    known = {key: found.pop(key) for key in list(found) if key in Event.__dataclass_fields__}
    return Event(**known, details=found)
