"""Writing down how a move ended, when it has: nothing is undone for want of that."""

from relctl.errors import NeedsPersonError, words_of
from relctl.rollout.host import Host
from relctl.state.event import Event


def record_end(host: Host, event: Event, live: str) -> None:
    """Append the event that ends a move; raises NeedsPersonError, naming what is live, where it cannot."""
    try:
        host.ledger.append(event)
    except OSError as error:
        raise NeedsPersonError(
            f"{live} is live, but that could not be written down: {words_of(error)}",
            f"mend that, then relctl promote {live}: it stays live, and is written down",
        ) from error
