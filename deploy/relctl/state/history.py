"""Fold the ledger's events: which move is under way, which releases an environment can roll back to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from relctl.state.event import Event

Kind = Literal["promote", "rollback"]
BEGUN: dict[Kind, str] = {"promote": "promoting", "rollback": "rolling-back"}
DONE: dict[Kind, str] = {"promote": "promoted", "rollback": "rolled-back"}
SETTLED = ("promoted", "rolled-back", "repaired")
ENDED = (*SETTLED, "aborted")


def settled(events: Sequence[Event]) -> Event | None:
    """Return the last event that settled where traffic goes, None before the first promote."""
    return next((event for event in reversed(events) if event.event in SETTLED), None)


def unfinished(events: Sequence[Event]) -> Event | None:
    """Return the `promoting` or `rolling-back` event that has no end, None when all have ended."""
    return next(iter(under_way(events)), None)


def refusal(events: Sequence[Event]) -> str:
    """Return why the observation of the interrupted move refused its release, "" if it did not."""
    refused = (event for event in under_way(events) if event.details.get("accepted") is False)
    return next((event.reason for event in refused), "")


def is_watched(events: Sequence[Event]) -> bool:
    """Return whether the observation of the interrupted move has begun."""
    return any(event.event == "observing" for event in under_way(events))


def under_way(events: Sequence[Event]) -> Sequence[Event]:
    """Return the events of the interrupted move, from its begin; empty when all have ended."""
    for number, event in reversed(list(enumerate(events))):
        if event.event in ENDED:
            break
        if event.event in BEGUN.values():
            return events[number:]
    return ()


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
