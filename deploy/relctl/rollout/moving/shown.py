"""Check that Nginx shows the release that was given the traffic, when nothing can be undone."""

import contextlib
from collections.abc import Iterator

from relctl.engine.labels import TAG
from relctl.engine.protocol import Container
from relctl.errors import NeedsPersonError, RelctlError, way_out, words_of
from relctl.rollout.host import Host
from relctl.rollout.moving.bring_up import bring_up
from relctl.rollout.moving.prove import prove_through_proxy
from relctl.rollout.situation import Situation
from relctl.state.steps import LOOKS


@contextlib.contextmanager
def shown(host: Host, situation: Situation, container: Container) -> Iterator[None]:
    """Check that `container` answers through Nginx, starting it if needed. The body runs either way.

    Raises NeedsPersonError after the body if it does not answer.
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
    except (RelctlError, OSError) as error:  # for example a full disk
        return error
    return None
