"""Whether Nginx shows who was given the traffic, where users have waited for that and nothing is undone."""

import contextlib
from collections.abc import Iterator

from relctl.engine.protocol import Container
from relctl.engine.slots import TAG
from relctl.errors import NeedsPersonError, RelctlError, way_out, words_of
from relctl.rollout.host import Host
from relctl.rollout.moving.bring_up import bring_up
from relctl.rollout.moving.prove import prove_through_proxy
from relctl.rollout.situation import Situation
from relctl.state.steps import LOOKS


@contextlib.contextmanager
def shown(host: Host, situation: Situation, container: Container) -> Iterator[None]:
    """Look at once whether `container` answers through Nginx, which is brought up if it is down.

    What is left to do is done all the same; then raises NeedsPersonError if it does not.
    """
    trouble = _not_shown(host, situation, container)
    yield
    if trouble is not None:
        raise NeedsPersonError(
            f"{container.labels.get(TAG, '')} has all traffic again, and Nginx does not show it:"
            f" {words_of(trouble)}",
            way_out(trouble) or "relctl status, then relctl proxy up",
        ) from trouble


def _not_shown(host: Host, situation: Situation, container: Container) -> RelctlError | OSError | None:
    host.steps.reach_for_good("prove-live", "prove through Nginx who has the traffic", LOOKS)
    try:
        if not host.proxy.is_up():
            bring_up(host, situation)
        prove_through_proxy(host, container)
    except (RelctlError, OSError) as error:  # its configuration found no room on the disk, say
        return error
    return None
