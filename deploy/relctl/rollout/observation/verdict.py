"""Record the result of an observation, and insist on it."""

from typing import Any

from relctl.errors import words_of
from relctl.rollout.host import Host
from relctl.rollout.observation.watch import Watched
from relctl.rollout.observation.window import Window


def take(host: Host, window: Window, watched: Watched, **details: Any) -> None:
    """Record an observation's result; raises UnhealthyError unless the policy accepts it.

    A refused release loses the traffic even if that cannot be recorded. Raises OSError if an accepted one
    could not be recorded.
    """
    try:
        host.ledger.append(window.closed(watched.words, **details, **watched.as_json()))
    except OSError as error:
        if watched.accepted:
            raise
        host.say(f"the verdict could not be recorded: {words_of(error)}")
    watched.insist()
