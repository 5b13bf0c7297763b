"""Status: live, standby, pointer and health, and every way in which they contradict each other."""

import time
from dataclasses import dataclass, field

from relctl.engine.slots import other
from relctl.errors import UsageError
from relctl.proxy.recent_traffic import Traffic, recent_traffic
from relctl.rollout.drift import drift, proxy_drift, slot_names
from relctl.rollout.host import Host
from relctl.rollout.moving.take_back import watched_move
from relctl.rollout.notices import notices
from relctl.rollout.observation.window import open_window
from relctl.rollout.renamed import renamed
from relctl.rollout.situation import Situation, compare
from relctl.rollout.slot_status import SlotStatus, slot_status
from relctl.rollout.standing_in import StandingIn, ask, standing_in
from relctl.state.event import Event
from relctl.state.lock import at_work as at_work_now

_RECENT = 300.0  # seconds of traffic


@dataclass(frozen=True)
class Observing:
    """An open window: since when it is watched (seconds since 1970), for how long, and what is left of it."""

    tag: str
    since: float
    seconds: float
    left_seconds: float


@dataclass(frozen=True)
class Status:
    """What `relctl status` tells; `drift` holds one sentence for every contradiction.

    `notices` holds what is as it was meant, and still not as it should be: a forced release, a gate off.

    `at_work` says who holds the lock, `watching` who watches a release, "" when nobody does. `switched` is
    the event that settled what is live.
    """

    service: str
    environment: str
    url: str
    pointer: str
    live: SlotStatus | None
    standby: SlotStatus | None
    proxy: str
    at_work: str
    watching: str
    switched: Event | None
    traffic: Traffic
    drift: list[str]
    notices: list[str]
    observing: Observing | None
    standing_in: StandingIn | None
    events: list[Event] = field(default_factory=list)


def status(host: Host, events: int = 5) -> Status:
    """Look at everything and change nothing."""
    at_work = at_work_now(host.paths.lock)
    situation = compare(host, host.ledger.salvage())  # whoever looks in need sees what can be seen
    live = slot_status(host, situation, situation.live) if situation.live else None
    standby = slot_status(host, situation, other(situation.live)) if situation.live else None
    watched = watched_move(host, situation) is not None
    proxy, traffic, answering = host.proxy.state(), _traffic(host), ask(host)
    contradictions = [
        *drift(situation, slot_names(host), watched=watched),
        *(f"{each}: {each.way_out}" for each in renamed(host)),
        *proxy_drift(situation, proxy, answering),
    ]
    return Status(
        service=host.project.versions.service,
        environment=host.project.name,
        url=f"http://{proxy.listen}",
        pointer=situation.pointer,
        live=live,
        standby=standby if standby and standby.health != "empty" else None,
        proxy="running" if proxy.running else "stopped",
        at_work=at_work,
        watching=at_work_now(host.paths.watching) or ("another process" if watched else ""),
        switched=situation.meant,
        traffic=traffic,
        drift=[] if at_work else contradictions,  # what is under way contradicts itself until it is done
        notices=notices(situation),
        observing=_observing(situation),
        standing_in=standing_in(live, standby, answering, traffic),
        events=list(situation.events[-events:]),
    )


def _traffic(host: Host) -> Traffic:
    return recent_traffic(host.paths.access_log, _RECENT, host.project.versions.contract.probes)


def _observing(situation: Situation) -> Observing | None:
    try:
        window = open_window(situation.events)
    except UsageError:  # told as drift
        return None
    if window is None:
        return None
    return Observing(window.tag, window.since, window.seconds, round(window.left(time.time()), 1))
