"""Decide what retention keeps and why, from ledger, slots, containers and image names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from relctl.engine.leases import Names
from relctl.engine.protocol import Container, Image
from relctl.engine.slots import other
from relctl.rollout.snapshot import Snapshot
from relctl.state.history import remembered

# "leave": not this environment's to decide; "let go": no longer needed here, but by another holder.
Action = Literal["keep", "leave", "let go", "remove"]
_BROUGHT = ("built", "verified", "promoting")


@dataclass(frozen=True)
class Release:
    """An image of this service: `known` to this ledger; `image` is None when the engine lost it."""

    tag: str
    image_id: str
    known: bool
    image: Image | None
    names: Names


@dataclass(frozen=True)
class Decision:
    """What to do with a release, and why."""

    release: Release
    action: Action
    why: str


def decide(release: Release, needs: Mapping[str, str], used: Mapping[str, str]) -> Decision:
    """Decide about one release; keep it unless it is certain that nobody needs it.

    `needs`: why this environment needs an image. `used`: which container uses one. Letting go ignores the
    containers of other holders: they hold the image themselves.
    """
    why, others = needs.get(release.image_id, ""), release.names.holders
    user = used.get(release.image_id, "")
    if why:
        return Decision(
            release, "keep", why if release.image else f"{why}; its image is gone from the engine"
        )
    if not release.known:
        return Decision(release, "leave", others or user or "this environment's history does not mention it")
    if release.image is None:
        return Decision(release, "remove", "its image is gone from the engine already")
    if others:
        return Decision(release, "let go", others)
    if user:
        return Decision(release, "keep", user)
    if not release.names.own:
        return Decision(release, "leave", "this environment does not hold it; others may need it")
    return Decision(release, "remove", "nothing keeps it")


def used_by(containers: Sequence[Container]) -> dict[str, str]:
    """Return the container that uses an image, by image id."""
    return {each.image_id: f"container {each.name} uses it" for each in containers}


def needed(snapshot: Snapshot, retain: int) -> dict[str, str]:
    """Return why this environment needs an image, by its id; the first of several reasons."""
    found: dict[str, str] = {}
    for image_id, why in (
        *_in_slots(snapshot),
        *_under_way(snapshot),
        *((image_id, "pinned") for image_id in snapshot.history.pinned.values()),
        *_newest_promoted(snapshot, retain),
        *_newest_unpromoted(snapshot, retain),
    ):
        found.setdefault(image_id, why)
    return found


def _in_slots(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return the images in the slots, with their roles, and live even without its container."""
    meant, roles = snapshot.last_settled, {snapshot.live: "live"}
    if snapshot.live:
        roles[other(snapshot.live)] = "standby"
    inside = [(each.image_id, roles.get(slot, f"in {slot}")) for slot, each in snapshot.slots.items() if each]
    return [*inside, *([(meant.image_id, "live")] if meant else [])]


def _under_way(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return the images needed to finish or undo an interrupted move."""
    running = snapshot.history.unfinished
    images = (running.begun.image_id, running.begun.replaced) if running else ()
    return [(image_id, "an interrupted move needs it") for image_id in images if image_id]


def _newest_promoted(snapshot: Snapshot, retain: int) -> list[tuple[str, str]]:
    words = f"one of the last {retain} promoted"
    return [(release.image_id, words) for release in snapshot.history.promoted()[:retain]]


def _newest_unpromoted(snapshot: Snapshot, retain: int) -> list[tuple[str, str]]:
    """Return the newest images never promoted: a fresh build must survive the next promote."""
    taken = {release.image_id for release in snapshot.history.promoted()}
    brought = [event.image_id for event in remembered(snapshot.events) if event.event in _BROUGHT]
    waiting = list(dict.fromkeys(image_id for image_id in brought if image_id not in taken))
    return [(image_id, f"one of the last {retain} not promoted") for image_id in waiting[:retain]]
