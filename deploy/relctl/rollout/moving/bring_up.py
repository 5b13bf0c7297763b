"""Bringing Nginx up, or up to date, without taking it away from what is live."""

from relctl.config.project import Project
from relctl.engine.slots import SLOT, slot_address
from relctl.errors import UsageError
from relctl.proxy.door import Change
from relctl.rollout.alone import alone
from relctl.rollout.host import Host
from relctl.rollout.situation import Situation, look

_DUE: dict[Change, str] = {
    "started": "test the configuration of Nginx and start it",
    "reloaded": "put another configuration of Nginx in place: test it, reload once",
}


def up(host: Host) -> Change:
    """Start Nginx or bring it up to date, as `relctl proxy up` does; a master that was killed is replaced.

    Only a changed configuration needs the engine: after a reboot Nginx must not wait for it.
    """
    with alone(host):
        unchanged = host.proxy.state().current
        change = _apply(host) if unchanged else bring_up(host, look(host))
        if not host.proxy.has_lost_its_master():
            return change
        host.steps.reach_for_good(
            "proxy",
            "replace the workers of an Nginx whose master is gone",
            "there is no master to go back to",
        )
        return host.proxy.renew_master() or change


def bring_up(host: Host, situation: Situation) -> Change:
    """Bring Nginx up to date; raises UsageError where that would point it at addresses without a release."""
    moved = moved_slots(host.project, situation)
    if moved:
        raise UsageError(
            f"{'; '.join(moved)}: Nginx would lose what is live",
            "put the old subnet, ports and contract.port back; or relctl down with them, then promote again",
        )
    return _apply(host)


def _apply(host: Host) -> Change:
    due = host.proxy.due()
    if due != "none":
        host.steps.reach("proxy", _DUE[due], "an Nginx that refuses it keeps its old configuration")
    return host.proxy.apply()


def moved_slots(project: Project, situation: Situation) -> list[str]:
    """Name every slot whose container, if relctl started it, runs elsewhere than the environment says now."""
    return [
        f"{slot} runs at {container.address}, the environment says {slot_address(project, slot)}"
        for slot, container in situation.slots.items()
        if container is not None
        and container.labels.get(SLOT) == slot
        and container.address not in ("", slot_address(project, slot))
    ]
