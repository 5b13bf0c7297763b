"""Abort a canary that the ledger does not explain, by the pointer alone."""

import time

from relctl.engine.labels import TAG
from relctl.engine.protocol import Container
from relctl.errors import NeedsPersonError
from relctl.rollout.host import Host
from relctl.rollout.moving.move import Moved
from relctl.rollout.moving.record import record_end
from relctl.rollout.moving.shown import shown
from relctl.rollout.renamed import in_slot
from relctl.rollout.situation import Situation
from relctl.state.event import Event


def leave_canary(host: Host, situation: Situation, reason: str) -> Moved:
    """Give all traffic to the release that has most of it, touching no container; returns the result.

    Raises NeedsPersonError without moving traffic when that release does not run. Raises it after moving
    traffic when that could not be recorded, or Nginx does not show it.
    """
    started, container = time.monotonic(), _most(host, situation)
    tag, newcomer = container.labels.get(TAG, ""), situation.tag(situation.idle)
    host.steps.reach_for_good(
        "leave-canary",
        f"point at {situation.live}: all traffic goes to {tag}, which has most of it",
        "it is the way back",
    )
    unwritten = _write_down(host, _repaired(situation, container, reason))
    switch_ms = host.proxy.pointer.move(situation.live)
    host.say(f"{tag} has all traffic again in {situation.live} (pointer moved in {switch_ms:.2f} ms)")
    with shown(host, situation, container):
        if unwritten:
            record_end(host, unwritten, tag)
    if newcomer:
        host.say(f"{newcomer} stays in {situation.idle}, as standby: relctl promote TAG replaces it")
    seconds = time.monotonic() - started
    return Moved(tag, situation.live, newcomer, switch_ms, warm=True, seconds=seconds, standby=newcomer)


def _write_down(host: Host, repaired: Event) -> Event | None:
    """Record the end of the canary first: if killed in between, the next command aborts the canary again.

    In the other order, a repeated rollback would take the canary for the standby and give it all traffic.
    Returns the event if it could not be written.
    """
    try:
        host.ledger.append(repaired)
    except OSError:  # raised once the traffic is back, if it still cannot be written
        return repaired
    return None


def _most(host: Host, situation: Situation) -> Container:
    container = situation.container(situation.live) or in_slot(host, situation.live)
    if container is None or not container.running:
        raise NeedsPersonError(
            f"the pointer leads to the canary {situation.pointer}, which {host.paths.ledger} does not"
            f" explain, and the release with most of the traffic, in {situation.live}, does not run",
            "relctl status, then docker start its container; the traffic was not moved",
        )
    return container


def _repaired(situation: Situation, container: Container, reason: str) -> Event:
    words = f"a rollback left the canary {situation.pointer}, which the ledger does not explain"
    return Event(
        "repaired",
        tag=container.labels.get(TAG, ""),
        image_id=container.image_id,
        slot=situation.live,
        reason=f"{words}: {reason}" if reason else words,
    )
