"""Telling whoever the environment names of a move that is done, or was undone."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from relctl.config.notify import Hook
from relctl.config.project import Project
from relctl.errors import RelctlError
from relctl.rollout.host import Host
from relctl.rollout.situation import SETTLED
from relctl.state.ledger import Event


def tell(host: Host) -> None:
    """Tell of what was written to the ledger since the last time; a failure is said, and changes nothing."""
    news = host.ledger.news()
    for number, hook in enumerate(host.project.environment.notify):
        for event in news:
            if event.event in hook.on:
                why = _deliver(host, hook, event)
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


def _deliver(host: Host, hook: Hook, event: Event) -> str:
    """Hand an event to one who is to be told; returns why it failed, "" when it did not."""
    try:
        body = json.dumps(
            message(host.project, host.ledger.read().events, event), ensure_ascii=False
        ).encode()
        return _post(hook, body) if hook.run is None else _run(host, hook, hook.run, body)
    except (RelctlError, OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)


def _post(hook: Hook, body: bytes) -> str:
    from relctl.hooks.webhook import post

    return post(hook.webhook.get_secret_value(), body, hook.timeout) if hook.webhook else ""


def _run(host: Host, hook: Hook, command: Sequence[str], body: bytes) -> str:
    """Of a command only the program is named: an argument may be a secret."""
    from relctl.hooks.program import run

    try:
        ended = run(command, host.project.root, {}, body, hook.timeout)
    except (OSError, ValueError) as error:
        return f"{command[0]} cannot be run: {getattr(error, 'strerror', None) or error}"
    if ended.code is None:
        return f"{command[0]} was not done within {hook.timeout:g} s, and is killed"
    return f"{command[0]} ended with {ended.code}: {ended.last_line}" if ended.code else ""
