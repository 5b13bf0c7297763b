"""Report the release in a slot, and whether the standby answers for live now, since when, and how often."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from relctl.engine.protocol import Container, how_it_ended, out_of_memory
from relctl.probe.service import ServiceDoor, UnreachableError
from relctl.proxy.recent_traffic import Traffic
from relctl.rollout.host import Host
from relctl.rollout.snapshot import Snapshot

_LEAST = 0.1  # seconds
_ROUNDS = 10  # in a canary a request may reach the release that has another path


@dataclass(frozen=True)
class SlotStatus:
    """The state of one slot; `health` is ready, not ready, paused, stopped or empty.

    `restarts`: how often the engine restarted its process. `ended`: how the process last ended, "" if it
    never did.
    """

    slot: str
    tag: str
    image_id: str
    health: str
    address: str
    restarts: int = 0
    ended: str = ""


def slot_status(host: Host, snapshot: Snapshot, slot: str, within: float) -> SlotStatus:
    """Return the state of a slot; its release has `within` seconds to answer."""
    container = snapshot.container(slot)
    if container is None:
        return SlotStatus(slot, "", "", "empty", "")
    return SlotStatus(
        slot,
        snapshot.tag(slot),
        container.image_id,
        _health(host, container, within),
        container.address,
        container.restarts,
        _ended(container),
    )


def _ended(container: Container) -> str:
    if container.running:
        return out_of_memory(container)  # the engine keeps nothing else about a running one
    return "" if container.paused else how_it_ended(container)


def _health(host: Host, container: Container, within: float) -> str:
    if not container.running or not container.address:
        return "paused" if container.paused else "stopped"
    return "ready" if host.service(container).is_ready(within) else "not ready"


@dataclass(frozen=True)
class Answering:
    """The release that answers through Nginx, requested as users do."""

    url: str
    tag: str
    problem: str = ""


@dataclass(frozen=True)
class StandingIn:
    """The standby answers for live, which does not; `since` is None without user requests meanwhile.

    `since`: seconds since 1970. `requests`: how many it answered for live in the last minutes.
    """

    tag: str
    slot: str
    since: float | None
    requests: int


def ask(host: Host, *releases: Container | None, within: float = 5.0) -> Answering:
    """Ask through Nginx which release answers, by the contract of each of `releases` in turn.

    `within`: seconds for all requests together.
    """
    problem, deadline, ways = "", time.monotonic() + within, _ways(host, releases)
    for service in ways * (_ROUNDS if len(ways) > 1 else 1):
        left = deadline - time.monotonic()
        if problem and left < _LEAST:
            break
        try:
            return Answering(service.url, str(service.info(max(left, _LEAST)).get("tag", "")))
        except UnreachableError as error:
            problem = problem or str(error)
    return Answering(ways[0].url, "", problem)


def _ways(host: Host, releases: Sequence[Container | None]) -> list[ServiceDoor]:
    """Return one service for each distinct contract: releases may differ in paths or headers."""
    known = [host.contract(each) for each in releases if each is not None]
    ways = {(each.info, *sorted(each.probe_headers.items())): each for each in known}
    return [host.front(each) for each in ways.values()] or [host.front()]


def standing_in(
    live: SlotStatus | None, standby: SlotStatus | None, answering: Answering, traffic: Traffic
) -> StandingIn | None:
    """Decide whether the standby answers for live: live is not ready, and the standby was heard."""
    if live is None or standby is None or live.health == "ready" or answering.tag != standby.tag:
        return None
    if not standby.tag or standby.tag == live.tag:  # one tag in both slots is indistinguishable
        return None
    found = traffic.pools.get(live.slot)
    return StandingIn(
        standby.tag, standby.slot, found.since if found else None, found.stood_in if found else 0
    )
