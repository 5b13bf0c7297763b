"""Whose log is read: the container of a slot, named by its colour or by the role that it has now."""

from dataclasses import dataclass

from relctl.engine.labels import TAG
from relctl.engine.slots import SLOTS, other
from relctl.errors import UsageError
from relctl.proxy.pointer import main_slot
from relctl.rollout.host import Host

ROLES = ("live", "standby", *SLOTS)


@dataclass(frozen=True)
class Source:
    """A container that writes a log, the slot that it is in, and its release."""

    container: str
    slot: str
    tag: str


def source(host: Host, role: str) -> Source:
    """Return what is in a slot, or has a role, of ROLES; raises UsageError where there is nothing."""
    slot = _slot(host, role)
    found = host.slot(slot)
    if found is None:
        raise UsageError(
            f"{role} has no container, so no log" if role == slot else f"{role} ({slot}) has no container",
            "relctl status shows what is where",
        )
    return Source(found.name, slot, found.labels.get(TAG, ""))


def _slot(host: Host, role: str) -> str:
    if role in SLOTS:
        return role
    if role not in ROLES:
        raise UsageError(f"{role} is no slot; there are {', '.join(ROLES)}", "relctl logs live")
    live = main_slot(host.proxy.pointer.read())
    if not live:
        raise UsageError(
            f"nothing is live, so nothing is {role}",
            f"relctl logs {SLOTS[0]}; relctl status shows what is where",
        )
    return live if role == "live" else other(live)
