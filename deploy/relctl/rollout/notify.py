"""Notify the environment's hooks of a move that was done or undone."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from relctl.config.environment import Hook
from relctl.config.project import Project
from relctl.errors import RelctlError, words_of
from relctl.escape import escaped
from relctl.rollout.host import Host
from relctl.state.event import Event
from relctl.state.history import fold


def notify(host: Host) -> None:
    """Notify of the ledger's new events; a failure is reported and changes nothing."""
    news = host.ledger.news()
    for number, hook in enumerate(host.project.environment.notify):
        for event in news:
            if event.event in hook.on:
                host.steps.reach_for_good(
                    "notify", f"notify notify[{number}] of {event.event} {event.tag}", "it is true"
                )
                why = _told(host, hook, event)
                if why:
                    host.say(f"notify[{number}] was not notified of {event.event} {event.tag}: {why}")


def message(project: Project, events: Sequence[Event], event: Event) -> dict[str, Any]:
    """Return the message about an event: all its fields, service, environment, and what was live before."""
    service, environment, before = project.versions.service, project.name, previous(events, event)
    words = f"{service} in {environment}: {event.event} {event.tag}, by {event.by}"
    return {
        **event.as_json(),
        "service": service,
        "environment": environment,
        "previous": before,
        "reason": event.reason,
        "text": escaped(f"{words}: {event.reason}" if event.reason else words),  # shown in chats
    }


def previous(events: Sequence[Event], event: Event) -> str:
    """Return the tag that had the traffic before the event (and after it, for an undo); "" for none."""
    known = (event.at, event.event, event.tag)
    before = fold(list(itertools.takewhile(lambda each: (each.at, each.event, each.tag) != known, events)))
    return before.settled.tag if before.settled else ""


def _told(host: Host, hook: Hook, event: Event) -> str:
    """Notify one hook of an event; returns the reason of a failure, "" on success."""
    try:
        told = message(host.project, host.ledger.read().events, event)
        body = json.dumps(told, ensure_ascii=False).encode()
        return host.deliver(hook, host.project.root, body)
    except (RelctlError, OSError, ValueError) as error:
        return words_of(error)
