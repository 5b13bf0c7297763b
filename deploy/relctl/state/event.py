"""The event: one line of the ledger, as written and parsed, and the values allowed in it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, TypeAdapter, ValidationError

from relctl.errors import UsageError

VERSION = 1
MEANWHILE = "meanwhile relctl rollback goes back to a standby that is ready"
SLOTS = ("blue", "green")

_MOVES = (
    "promoting",
    "rolling-back",
    "promoted",
    "rolled-back",
    "repaired",
)  # traffic and slots follow these
_NEEDED = ("slot", "image_id")
_TEXTS = (
    *("event", "tag", "image_id", "replaced", "evidence", "reason", "at", "by", "before"),
    *("forced", "unproved", "compared_with", "evidence_sha256", "until"),
)
_MOST = 1e12  # every amount; seconds since 1970 stay below it for 30,000 years
_AMOUNTS = ("observe", "since", "seconds", "switch_ms")


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


_Amount = Annotated[float, Field(strict=True, ge=0, le=_MOST)]


class _Figures(BaseModel):
    __pydantic_extra__: dict[str, _Amount | None]
    model_config = ConfigDict(extra="allow")

    gateway: InstanceOf[str] = ""


class _Place(BaseModel):
    inode: _Amount
    offset: _Amount
    head: InstanceOf[str]


_RULES: dict[str, tuple[TypeAdapter[Any], str]] = {
    **dict.fromkeys(_TEXTS, (TypeAdapter(InstanceOf[str]), "text")),
    **dict.fromkeys(_AMOUNTS, (TypeAdapter(_Amount), "a number that is not negative")),
    **dict.fromkeys(("slot", "from"), (TypeAdapter(Literal["", "blue", "green"]), " or ".join(SLOTS))),
    **dict.fromkeys(("warm", "accepted"), (TypeAdapter(InstanceOf[bool]), "true or false")),
    "percent": (
        TypeAdapter(Annotated[int, Field(strict=True, ge=1, le=100)]),
        "a whole number from 1 to 100",
    ),
    "off": (TypeAdapter(dict[str, InstanceOf[str]]), "gates by name, each with a reason"),
    "baseline": (TypeAdapter(_Figures), "figures by name"),
    "log": (TypeAdapter(_Place), "a place in the access log: inode, offset and head"),
}


_ANYTHING = TypeAdapter[Any](Any)


def misfit(found: Mapping[str, Any]) -> str:
    """Describe the first member with a value that relctl does not write, "" if all are valid.

    `found` holds the members as in the file; unknown ones are ignored.
    """
    for name, value in found.items():
        kind, right = _RULES.get(name, (_ANYTHING, ""))
        try:
            kind.validate_python(value)
        except ValidationError:
            return f"{name} is {value!r}, and would be {right}"
    missing = [name for name in _NEEDED if found.get("event") in _MOVES and not found.get(name)]
    return f"{found['event']} without {missing[0]}" if missing else ""
