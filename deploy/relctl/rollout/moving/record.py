"""Record how a move ended; a failure to write undoes nothing."""

from relctl.errors import NeedsPersonError, words_of
from relctl.rollout.host import Host
from relctl.state.event import Event


def record_end(host: Host, event: Event, live: str) -> None:
    """Append the event that ends a move; on failure raises NeedsPersonError, naming the live release."""
    try:
        host.ledger.append(event)
    except OSError as error:
        raise NeedsPersonError(
            f"{live} is live, but that could not be recorded: {words_of(error)}",
            f"fix that, then relctl promote {live}: it stays live and is recorded",
        ) from error
