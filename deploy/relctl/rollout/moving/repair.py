"""Repair live after a crash or manual changes: a displaced pointer, a stopped container."""

from typing import Literal

from relctl.engine.labels import TAG
from relctl.engine.protocol import Container
from relctl.errors import NeedsPersonError, RelctlError
from relctl.rollout.host import Host
from relctl.rollout.moving.prove import is_warm
from relctl.rollout.moving.restore import restore
from relctl.rollout.situation import Situation, look
from relctl.state.event import Event

Repair = Literal["nothing", "restore pointer", "adopt pointer"]


def repair_pointer(host: Host, situation: Situation) -> bool:
    """Restore a lost pointer, or adopt one that was moved manually; returns whether it did either."""
    meant, container = situation.meant, situation.container(situation.live)
    match decide(situation):
        case "restore pointer" if meant is not None:
            _restore(host, meant)
        case "adopt pointer" if meant is not None and container is not None:
            _adopt(host, situation, meant, container)
        case _:
            return False
    return True


def decide(situation: Situation) -> Repair:
    """Decide what to do about a pointer that is not where the ledger says."""
    meant = situation.meant
    if meant is None or situation.pointer == meant.slot:
        return "nothing"
    container = situation.container(situation.pointer)  # None for a canary: nobody observes it
    return "adopt pointer" if container is not None and container.running else "restore pointer"


def heal_live(host: Host, situation: Situation) -> Situation:
    """Restart live's container: while it is down the standby may answer, and must not be replaced.

    Raises NeedsPersonError if it does not start and there is a standby to protect.
    """
    container, meant = situation.container(situation.live), situation.meant
    if not situation.live or meant is None or (container is not None and container.running):
        return situation
    host.say(f"live's container is down: restarting {meant.tag} in {situation.live}")
    host.steps.reach_for_good(
        "heal",
        f"start {meant.tag}, which is live and down, in {situation.live} again",
        "what is live has to run, whatever comes after",
    )
    try:
        restore(host, situation.live, meant.image_id)
    except RelctlError as error:
        standby = situation.container(situation.idle)
        words = f"live ({meant.tag} in {situation.live}) is down"
        if standby is not None and is_warm(host, standby, standby.image_id):
            raise NeedsPersonError(
                f"{words} and cannot be restarted: {error}",
                "relctl rollback gives the traffic to the standby; then promote",
            ) from error
        host.say(f"{words} and cannot be restarted, and no standby can fail over: {error}")
        return look(host)
    _record_repair(host, meant, "live was down")
    return look(host)


def _restore(host: Host, meant: Event) -> None:
    host.steps.reach_for_good(
        "repair", f"bring the lost pointer back to {meant.tag} in {meant.slot}", "it is what the ledger says"
    )
    host.proxy.pointer.move(meant.slot)
    _record_repair(host, meant, "the pointer was missing, in a canary, or led to no running release")
    host.say(f"the pointer was lost: it leads to {meant.tag} in {meant.slot} again")


def _adopt(host: Host, situation: Situation, meant: Event, container: Container) -> None:
    adopted = Event(
        "repaired",
        tag=container.labels.get(TAG, ""),
        image_id=container.image_id,
        slot=situation.live,
        source=meant.slot,
        reason=_why_elsewhere(situation, meant),
    )
    host.steps.reach_for_good(
        "repair", f"take the pointer as it is: {adopted.tag} is live", "it is where the traffic goes already"
    )
    host.ledger.note(adopted)
    host.say(f"{adopted.reason}: {adopted.tag} in {adopted.slot} is live")


def _why_elsewhere(situation: Situation, meant: Event) -> str:
    """Explain a displaced pointer; if the ledger is damaged, a lost line may have recorded the move."""
    if situation.damage:
        return f"the readable part of the ledger says {meant.slot}, the pointer {situation.live}"
    return f"the pointer was moved by hand from {meant.slot}"


def _record_repair(host: Host, meant: Event, reason: str) -> None:
    repaired = Event("repaired", tag=meant.tag, image_id=meant.image_id, slot=meant.slot, reason=reason)
    host.ledger.note(repaired)
