"""Which releases an environment can go back to: a pure reading of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass

from relctl.state.ledger import Event


@dataclass(frozen=True)
class Retained:
    """A release that took traffic here: its tag, the exact image, when it last did, its evidence."""

    tag: str
    image_id: str
    at: str
    evidence: str


def retained(events: Sequence[Event], keep: int) -> list[Retained]:
    """Return the last `keep` releases that were promoted, newest first, each once."""
    found: dict[str, Retained] = {}
    for event in reversed(events):
        if event.event == "promoted" and event.tag not in found:
            found[event.tag] = Retained(event.tag, event.image_id, event.at, event.evidence)
    return list(found.values())[:keep]
