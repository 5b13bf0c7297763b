"""Report live, standby, pointer and health, and every contradiction between them."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from relctl.engine.protocol import SILENT
from relctl.engine.slots import other
from relctl.errors import EngineError, UsageError
from relctl.observation.window import open_window
from relctl.proxy.recent_traffic import Traffic, recent_traffic
from relctl.rollout.abort import observed_promote
from relctl.rollout.drift import drift, proxy_drift, slot_names
from relctl.rollout.failover import Answering, SlotStatus, StandingIn, ask, slot_status, standing_in
from relctl.rollout.host import Host
from relctl.rollout.notices import notices
from relctl.rollout.renamed_slots import renamed
from relctl.rollout.snapshot import Snapshot, compare_at_once
from relctl.state.event import Event
from relctl.state.lock import at_work as at_work_now

_RECENT = 300.0  # seconds of traffic
# Seconds: in an emergency, status answers within two. Nginx needs 1.5 to fail over from a dead slot.
_ENGINE_WITHIN, _ANSWERS_WITHIN, _THROUGH_WITHIN = 0.5, 1.0, 1.8


@dataclass(frozen=True)
class Observing:
    """An open window: its start (seconds since 1970), its length, and the seconds left."""

    tag: str
    since: float
    seconds: float
    left_seconds: float


@dataclass(frozen=True)
class Status:
    """The result of `relctl status`; `drift` holds one sentence for each contradiction.

    `notices` holds what is intended, yet not as it should be: a forced release, a disabled gate. `at_work` is
    the lock's holder, `watching` the observer, "" for none. `switched` is the event that settled what is
    live.
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
    """Read everything, change nothing."""
    at_work = at_work_now(host.paths.lock)
    # in an emergency, show what is readable
    snapshot = compare_at_once(host, host.ledger.salvage(), _ENGINE_WITHIN)
    live, standby, answering = _answers(host, snapshot)
    watched = observed_promote(host, snapshot) is not None
    proxy, traffic = host.proxy.state(), _traffic(host)
    contradictions = [
        *_unseen(snapshot),
        *drift(snapshot, slot_names(host), watched=watched),
        *_renamed(host, snapshot),
        *proxy_drift(snapshot, proxy, answering),
    ]
    return Status(
        service=host.project.versions.service,
        environment=host.project.name,
        url=proxy.url,
        pointer=snapshot.pointer,
        live=live,
        standby=standby if standby and standby.health != "empty" else None,
        proxy="running" if proxy.running else "stopped",
        at_work=at_work,
        watching=at_work_now(host.paths.watching) or ("another process" if watched else ""),
        switched=snapshot.last_settled,
        traffic=traffic,
        drift=[] if at_work else contradictions,  # a running move contradicts itself until it ends
        notices=notices(snapshot),
        observing=_observing(snapshot),
        standing_in=standing_in(live, standby, answering, traffic),
        events=list(snapshot.events[-events:]),
    )


def _answers(host: Host, snapshot: Snapshot) -> tuple[SlotStatus | None, SlotStatus | None, Answering]:
    """Query live, standby and Nginx concurrently: a silent one must not delay the others."""
    with ThreadPoolExecutor(max_workers=3) as asking:
        slots = [snapshot.live, other(snapshot.live)] if snapshot.live else []
        asked = [asking.submit(slot_status, host, snapshot, slot, _ANSWERS_WITHIN) for slot in slots]
        through = asking.submit(ask, host, *map(snapshot.container, slots), within=_THROUGH_WITHIN)
        live, standby = [each.result() for each in asked] or (None, None)
        return live, standby, through.result()


def _renamed(host: Host, snapshot: Snapshot) -> list[str]:
    try:
        found = [] if snapshot.blind else renamed(host, _ENGINE_WITHIN)
    except EngineError as error:
        return [f"it is unknown whether a container was renamed manually: {error.message}"]
    return [f"{each}: {each.way_out}" for each in found]


def _unseen(snapshot: Snapshot) -> list[str]:
    if not snapshot.blind:
        return []
    return [f"it is unknown what runs, this is what was started: {snapshot.blind}; {SILENT}"]


def _traffic(host: Host) -> Traffic:
    return recent_traffic(host.paths.access_log, _RECENT, host.probes())


def _observing(snapshot: Snapshot) -> Observing | None:
    try:
        window = open_window(snapshot.history)
    except UsageError:  # reported as drift
        return None
    if window is None:
        return None
    return Observing(window.tag, window.since, window.seconds, round(window.left(time.time()), 1))
