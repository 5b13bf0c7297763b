"""Read from the ledger which releases an environment can roll back to."""

from collections.abc import Sequence
from dataclasses import dataclass

from relctl.state.event import Event


@dataclass(frozen=True)
class Retained:
    """A release that took traffic here: its tag, the exact image, its evidence."""

    tag: str
    image_id: str
    evidence: str


def retained(events: Sequence[Event], keep: int) -> list[Retained]:
    """Return the last `keep` promoted releases and all pinned ones, newest first."""
    pins, all_promoted = pinned(events), promoted(events)
    return [each for number, each in enumerate(all_promoted) if number < keep or each.tag in pins]


def promoted(events: Sequence[Event]) -> list[Retained]:
    """Return every release promoted and not pruned since, newest first, each once."""
    found: dict[str, Retained] = {}
    for event in remembered(events):
        if event.event == "promoted" and event.tag not in found:
            found[event.tag] = Retained(event.tag, event.image_id, event.evidence)
    return list(found.values())


def pinned(events: Sequence[Event]) -> dict[str, str]:
    """Return the image id of every pinned release by its tag."""
    found: dict[str, str] = {}
    for event in events:
        if event.event == "pinned":
            found[event.tag] = event.image_id
        elif event.event == "unpinned":
            found.pop(event.tag, None)
    return found


def remembered(events: Sequence[Event]) -> list[Event]:
    """Return the events, newest first, without those of an image before it was pruned."""
    forgotten: set[str] = set()
    found = []
    for event in reversed(events):
        if event.event == "pruned":
            forgotten.add(event.image_id)
        elif event.image_id not in forgotten:
            found.append(event)
    return found
