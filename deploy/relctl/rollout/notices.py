"""Collect the notices of `relctl status` about a release that has traffic; notify.py notifies the hooks."""

from relctl.proxy.pointer import newcomer
from relctl.rollout.snapshot import Snapshot
from relctl.state.event import Event


def notices(snapshot: Snapshot) -> list[str]:
    """Report forced promotes, disabled gates and undecided windows of live and of a canary beside it."""
    slots = dict.fromkeys((snapshot.live, newcomer(snapshot.pointer)))
    inside = [container for slot in slots if (container := snapshot.container(slot))]
    brought = (snapshot.history.brought(each.image_id) for each in inside)
    found = [words for event in brought if event for words in _words(event)]
    return [*found, *(words for slot in slots for words in _unproved(snapshot, slot))]


def _unproved(snapshot: Snapshot, slot: str) -> list[str]:
    """Report an undecided last window of a slot's release, and why the release was kept."""
    container = snapshot.container(slot)
    event = snapshot.history.verdicts.get(container.image_id) if container else None
    if event is None or event.details.get("verdict") != "not enough traffic":
        return []
    if not event.details.get("accepted"):
        return []
    percent = event.details.get("percent")
    return [f"{event.tag} was kept{f' with {percent} %' if percent else ''}: {event.reason}"]


def _words(event: Event) -> list[str]:
    found = [_forced(event)] if event.details.get("forced", "") else []
    if other_reference := event.details.get("compared_with", ""):
        found.append(f"{event.tag} was compared with {other_reference}, which was not live then")
    off = event.details.get("off", {})
    return found + [f"gate {name} was off for {event.tag}: {reason}" for name, reason in off.items()]


def _forced(event: Event) -> str:
    """Describe why it was forced and what was missing; older versions did not record the latter."""
    missing = event.details.get("unproved", "")
    though = f" (though {missing})" if missing else ""
    return f"{event.tag} was promoted by force, by {event.by}{though}: {event.details['forced']}"
