"""Telling whoever the environment names of a move that is done, or was undone."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from relctl.config.notify import Hook
from relctl.config.project import Project
from relctl.errors import RelctlError, words_of
from relctl.rollout.host import Host
from relctl.rollout.situation import SETTLED
from relctl.state.event import Event
from relctl.state.fault import effect


def tell(host: Host) -> None:
    """Tell of what was written to the ledger since the last time; a failure is said, and changes nothing."""
    news = host.ledger.news()
    for number, hook in enumerate(host.project.environment.notify):
        for event in news:
            if event.event in hook.on:
                host.steps.reach_for_good(
                    "notify", f"tell notify[{number}] of {event.event} {event.tag}", "it is true"
                )
                why = _told(host, hook, event)
                if why:
                    host.say(f"notify[{number}] was not told of {event.event} {event.tag}: {why}")


def message(project: Project, events: Sequence[Event], event: Event) -> dict[str, Any]:
    """What is told of an event of the ledger: all that it holds, where it was, and what was live before."""
    service, environment, before = project.versions.service, project.name, previous(events, event)
    words = f"{service} in {environment}: {event.event} {event.tag}, by {event.by}"
    return {
        **event.as_json(),
        "service": service,
        "environment": environment,
        "previous": before,
        "reason": event.reason,
        "text": f"{words}: {event.reason}" if event.reason else words,
    }


def previous(events: Sequence[Event], event: Event) -> str:
    """The tag that had the traffic before the event, and after it if that was an undo; "" for none."""
    known = (event.at, event.event, event.tag)
    before = itertools.takewhile(lambda each: (each.at, each.event, each.tag) != known, events)
    return next((each.tag for each in reversed(list(before)) if each.event in SETTLED), "")


def _told(host: Host, hook: Hook, event: Event) -> str:
    """Tell one of an event; returns why it failed, "" when it did not."""
    try:
        told = message(host.project, host.ledger.read().events, event)
        body = json.dumps(told, ensure_ascii=False).encode()
        with effect("notify"):
            return host.deliver(hook, host.project.root, body)
    except (RelctlError, OSError, ValueError) as error:
        return words_of(error)
