"""Notices: what must not be forgotten about a release for as long as users are answered by it."""

from relctl.proxy.route import newcomer
from relctl.rollout.moving.interrupted import unfinished
from relctl.rollout.situation import BEGUN, DONE, Situation
from relctl.state.event import Event


def notices(situation: Situation) -> list[str]:
    """Say of live, and of a canary beside it, that it was forced, and which gates were off."""
    slots = dict.fromkeys((situation.live, newcomer(situation.pointer)))
    brought = (_brought(situation, slot) for slot in slots)
    return [words for event in brought if event for words in _words(event)]


def _brought(situation: Situation, slot: str) -> Event | None:
    """The promote of what is in a slot, done or not: a window may keep `promoted` waiting for an hour."""
    container = situation.container(slot)
    if container is None:
        return None
    under_way = unfinished(situation.events)
    for event in reversed(situation.events):
        told = event.event == DONE["promote"] or (event is under_way and event.event == BEGUN["promote"])
        if told and event.image_id == container.image_id:
            return event
    return None


def _words(event: Event) -> list[str]:
    forced = event.details.get("forced", "")
    found = [f"{event.tag} was promoted by force, by {event.by}: {forced}"] if forced else []
    if other_reference := event.details.get("compared_with", ""):
        found.append(f"{event.tag} was compared with {other_reference}, which was not live then")
    off = event.details.get("off", {})
    return found + [f"gate {name} was off for {event.tag}: {reason}" for name, reason in off.items()]
