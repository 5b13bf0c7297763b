"""What retention keeps and why: a pure reading of ledger, slots, containers and the names of images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from relctl.engine.hold import Names
from relctl.engine.protocol import Container, Image
from relctl.engine.slots import other
from relctl.rollout.moving.interrupted import unfinished
from relctl.rollout.retained import pinned, promoted, remembered
from relctl.rollout.situation import Situation
from relctl.state.event import Event

# "leave": not this environment's to decide about; "let go": needed here no more, but by someone else.
Action = Literal["keep", "leave", "let go", "remove"]
_BROUGHT = ("built", "verified", "promoting")


@dataclass(frozen=True)
class Release:
    """An image of this service: `known` to this ledger; `image` is None when the engine has lost it."""

    tag: str
    image_id: str
    known: bool
    image: Image | None
    names: Names


@dataclass(frozen=True)
class Decision:
    """What is to be done with a release, and why."""

    release: Release
    action: Action
    why: str


def decide(release: Release, needs: Mapping[str, str], used: Mapping[str, str]) -> Decision:
    """Decide about one release; what cannot be known to be free of others is kept.

    `needs`: why this environment needs an image; `used`: which container uses one. Letting go does not wait
    for the containers of others, who hold the image themselves.
    """
    why, others = needs.get(release.image_id, ""), release.names.holders
    user = used.get(release.image_id, "")
    if why:
        return Decision(
            release, "keep", why if release.image else f"{why}; its image is gone from the engine"
        )
    if not release.known:
        return Decision(
            release, "leave", others or user or "nothing in this environment's history speaks of it"
        )
    if release.image is None:
        return Decision(release, "remove", "its image is gone from the engine already")
    if others:
        return Decision(release, "let go", others)
    if user:
        return Decision(release, "keep", user)
    if not release.names.own:
        return Decision(release, "leave", "this environment has no hold on it; others may need it")
    return Decision(release, "remove", "nothing keeps it")


def used_by(containers: Sequence[Container]) -> dict[str, str]:
    """Return which container uses an image, by the image's id."""
    return {each.image_id: f"container {each.name} uses it" for each in containers}


def needed(situation: Situation, retain: int) -> dict[str, str]:
    """Return why this environment needs an image, by its id; the first reason of several."""
    found: dict[str, str] = {}
    for image_id, why in (
        *_in_slots(situation),
        *_under_way(situation),
        *((image_id, "pinned") for image_id in pinned(situation.events).values()),
        *_newest_promoted(situation.events, retain),
        *_newest_unpromoted(situation.events, retain),
    ):
        found.setdefault(image_id, why)
    return found


def _in_slots(situation: Situation) -> list[tuple[str, str]]:
    """Live also while its container is gone; without a pointer, nothing of what is in a slot has a role."""
    meant, roles = situation.meant, {situation.live: "live"}
    if situation.live:
        roles[other(situation.live)] = "standby"
    inside = [
        (each.image_id, roles.get(slot, f"in {slot}")) for slot, each in situation.slots.items() if each
    ]
    return [*inside, *([(meant.image_id, "live")] if meant else [])]


def _under_way(situation: Situation) -> list[tuple[str, str]]:
    """What an interrupted move needs to be finished, or undone."""
    event = unfinished(situation.events)
    images = (event.image_id, event.replaced) if event else ()
    return [(image_id, "an interrupted move needs it") for image_id in images if image_id]


def _newest_promoted(events: Sequence[Event], retain: int) -> list[tuple[str, str]]:
    words = f"one of the last {retain} promoted"
    return [(release.image_id, words) for release in promoted(events)[:retain]]


def _newest_unpromoted(events: Sequence[Event], retain: int) -> list[tuple[str, str]]:
    """As many that never were promoted: what was just built must not vanish with the next promote."""
    taken = {release.image_id for release in promoted(events)}
    brought = [event.image_id for event in remembered(events) if event.event in _BROUGHT]
    waiting = list(dict.fromkeys(image_id for image_id in brought if image_id not in taken))
    return [(image_id, f"one of the last {retain} not promoted") for image_id in waiting[:retain]]
