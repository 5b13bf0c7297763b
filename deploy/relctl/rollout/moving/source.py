"""Ensure that the previous release of an unfinished move can take the traffic back."""

from relctl.engine.protocol import Container
from relctl.errors import NeedsPersonError, RelctlError
from relctl.probe.ready import wait_until_ready
from relctl.rollout.host import Host
from relctl.rollout.moving.move import Move
from relctl.rollout.moving.restore import start_image
from relctl.rollout.renamed import in_slot, insist_on_names
from relctl.rollout.situation import Situation

_LOOK = "relctl status, then the logs of both slots' containers"


def insist_on_source(host: Host, situation: Situation, move: Move, why: str) -> Container:
    """Return the previous release, running; `why`: why the new release may not keep the traffic.

    A running release is never restarted. Its readiness is checked only where it alone would serve, with the
    time limit of a start. Raises NeedsPersonError, without moving traffic, if it cannot serve.
    """
    container = situation.container(move.source) or in_slot(host, move.source)
    image_id = _image_id(situation, container)
    try:
        if container is None or not container.running or container.image_id != image_id:
            return _start_again(host, move, image_id)
        if situation.pointer == move.slot:
            wait_for(host, container)
    except RelctlError as error:
        raise NeedsPersonError(
            f"{move.tag} has traffic and may not keep it ({why}),"
            f" and the release in {move.source} cannot take it back: {error}",
            error.hint if isinstance(error, NeedsPersonError) else _way_out(move),
        ) from error
    return container


def wait_for(host: Host, container: Container) -> None:
    """Wait for a container to be ready, as long as for a start; raises RelctlError when it is not."""
    within = host.project.environment.rollout.ready_within
    wait_until_ready(host.engine, container, host.contract(container), within, ask=host.ask)


def _way_out(move: Move) -> str:
    keep = f"; or relctl promote {move.tag}, to keep it" if move.kind == "promote" else ""
    return f"{_LOOK}{keep}; the traffic was not moved"


def _image_id(situation: Situation, container: Container | None) -> str:
    """Return the previous image by the ledger, or by the slot if the ledger is damaged; "" if unknown."""
    meant = situation.meant
    if meant is None or situation.damage:
        return container.image_id if container else ""
    return meant.image_id


def _start_again(host: Host, move: Move, image_id: str) -> Container:
    if not image_id:
        raise RelctlError("its container is gone, and the ledger is unreadable, so the release is unknown")
    insist_on_names(host)
    host.say(f"the previous release is down: restarting it in {move.source}")
    host.steps.reach_for_good(
        "heal",
        f"restart the previous release, which is down, in {move.source}",
        "it is about to take the traffic back",
    )
    return start_image(host, move.source, image_id)
