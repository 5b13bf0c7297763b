"""Start or update Nginx without losing the live release."""

from collections.abc import Sequence

from relctl.engine.labels import SLOT
from relctl.engine.slots import network, slot_address
from relctl.errors import UsageError
from relctl.proxy.proxy import Change
from relctl.rollout.host import Host
from relctl.rollout.locking import exclusive
from relctl.rollout.snapshot import Snapshot, take_snapshot

_DUE: dict[Change, str] = {
    "started": "test the configuration of Nginx and start it",
    "reloaded": "put another configuration of Nginx in place: test it, reload once",
}


def ensure_proxy(host: Host, snapshot: Snapshot, routes: Sequence[str] = ()) -> Change:
    """Update Nginx; raises UsageError where it would then point at addresses without a release.

    `routes`: the canaries to come; raises UsageError for one that its configuration does not have.
    """
    _insist_on_addresses(host, snapshot)
    change = _apply(host)
    for route in routes:
        _insist_on_route(host, route)
        host.proxy.pointer.prepare(route)  # else a render during an earlier step would omit it
    return change


def up(host: Host) -> Change:
    """Start or update Nginx (`relctl proxy up`); replace an Nginx whose master was killed.

    Only a changed configuration needs the engine: after a reboot Nginx must not wait for it.
    """
    with exclusive(host):
        unchanged = host.proxy.state().current
        change = _apply(host) if unchanged else ensure_proxy(host, take_snapshot(host))
        if not host.proxy.has_lost_its_master():
            return change
        host.steps.reach_for_good(
            "proxy",
            "replace the workers of an Nginx whose master is gone",
            "there is no master to go back to",
        )
        return host.proxy.renew_master() or change


def insist_on_places(host: Host, snapshot: Snapshot) -> None:
    """Raise UsageError before emptying a slot in which a release could not be started or reached."""
    host.engine.insist_on_network(network(host.project))
    _insist_on_addresses(host, snapshot)


def lead_to(host: Host, slot: str) -> None:
    """Update Nginx if the port or contract of a slot's new release differs, or start it if it is down.

    A warm move never needs that: Nginx already knows both slots.
    """
    if not host.proxy.leads_to(slot) or not host.proxy.is_up():
        _apply(host)


def moved_slots(host: Host, snapshot: Snapshot) -> list[str]:
    """Report every slot whose container runs elsewhere than the environment now says."""
    ours = {
        slot: container
        for slot, container in snapshot.slots.items()
        if container is not None and container.address and container.labels.get(SLOT) == slot
    }
    expected = {
        slot: slot_address(host.project, slot, host.contract(container).port)
        for slot, container in ours.items()
    }
    return [
        f"{slot} runs at {container.address}, the environment says {expected[slot]}"
        for slot, container in ours.items()
        if container.address != expected[slot]
    ]


def _insist_on_addresses(host: Host, snapshot: Snapshot) -> None:
    moved = moved_slots(host, snapshot)
    if moved:
        raise UsageError(
            f"{'; '.join(moved)}: Nginx would lose the live release",
            "put the old subnet and ports back; or relctl down with them, then promote again",
        )


def _insist_on_route(host: Host, route: str) -> None:
    """Raise unless Nginx knows a route that the pointer will use: it answers 503 for any other."""
    if not host.proxy.knows(route):
        raise UsageError(
            f"{host.proxy.config} has no route {route}: this project's own template knows no canary",
            "compare nginx/service.conf.j2 with the one that came with relctl; or --canary none",
        )


def _apply(host: Host) -> Change:
    due = host.proxy.due()
    if due != "none":
        host.steps.reach("proxy", _DUE[due], "an Nginx that refuses it keeps its old configuration")
    return host.proxy.apply()
