"""Standing in: whether the standby answers for live now, since when, and how often."""

from dataclasses import dataclass

from relctl.probe.service import UnreachableError
from relctl.proxy.recent_traffic import Traffic
from relctl.rollout.host import Host
from relctl.rollout.slot_status import SlotStatus


@dataclass(frozen=True)
class Answering:
    """Who answers through Nginx, asked as users ask: the only way to learn what they see."""

    url: str
    tag: str
    problem: str = ""


@dataclass(frozen=True)
class StandingIn:
    """The standby answers for live, which does not; `since` is None where no user has asked meanwhile.

    `since`: seconds since 1970; `requests`: of the last minutes, those that it answered for live.
    """

    tag: str
    slot: str
    since: float | None
    requests: int


def ask(host: Host) -> Answering:
    """Ask through Nginx who answers."""
    listen = host.project.environment.proxy.listen
    try:
        found = host.service(listen).info()
    except UnreachableError as error:
        return Answering(f"http://{listen}", "", str(error))
    return Answering(f"http://{listen}", str(found.get("tag", "")))


def standing_in(
    live: SlotStatus | None, standby: SlotStatus | None, answering: Answering, traffic: Traffic
) -> StandingIn | None:
    """Decide whether the standby answers for live: when that is not ready, and the standby was heard."""
    if live is None or standby is None or live.health == "ready" or answering.tag != standby.tag:
        return None
    if not standby.tag or standby.tag == live.tag:  # of two containers of one release nobody can tell
        return None
    found = traffic.pools.get(live.slot)
    return StandingIn(
        standby.tag, standby.slot, found.since if found else None, found.stood_in if found else 0
    )
