"""What a watch came to: written down, and insisted upon."""

from typing import Any

from relctl.errors import words_of
from relctl.rollout.host import Host
from relctl.rollout.observation.watch import Watched
from relctl.rollout.observation.window import Window


def take(host: Host, window: Window, watched: Watched, **details: Any) -> None:
    """Write down how a watch ended; raises UnhealthyError unless the policy accepts what was seen.

    A release that is refused loses the traffic whether there is room for that in the ledger or not. Raises
    OSError where one that is accepted could not be written down.
    """
    try:
        host.ledger.append(window.closed(watched.words, **details, **watched.as_json()))
    except OSError as error:
        if watched.accepted:
            raise
        host.say(f"the verdict could not be written down: {words_of(error)}")
    watched.insist()
