"""Fill and empty a slot: the only ways in which its container changes."""

from relctl.engine.protocol import Container, Image
from relctl.engine.slots import slot_address, slot_container, slot_spec
from relctl.errors import words_of
from relctl.rollout.host import Host

_END_WITHIN = 0  # seconds from SIGTERM to SIGKILL: no request is left, and users wait for the next release


def fill(host: Host, slot: str, image: Image) -> Container:
    """Start an image in a slot, replacing its container."""
    empty(host, slot)
    container = host.engine.start(slot_spec(host.project, slot, image))
    remember(host, slot, container)
    return container


def empty(host: Host, slot: str) -> None:
    """Remove a slot's container when idle, or once its requests or `rollout.drain` are over."""
    name = slot_container(host.project, slot)
    container = host.engine.container(name)
    if container is None:
        return
    if container.running and container.address:
        _drain(host, slot, container)
    host.engine.remove(name, grace=_END_WITHIN)


def remember(host: Host, slot: str, container: Container) -> None:
    """Record a slot's container for use without an engine; a full disk is reported and ignored."""
    if host.records.read(slot) == container:
        return
    try:
        host.records.keep(slot, container)
    except OSError as error:
        host.say(f"continuing, though what runs in {slot} could not be recorded: {words_of(error)}")


def _drain(host: Host, slot: str, container: Container) -> None:
    own, _, port = container.address.partition(":")
    # A container placed manually has no port; Nginx reaches it at the slot's usual address.
    address = f"{own}:{port}" if port else slot_address(host.project, slot, host.contract(container).port)
    cut = host.drain(address, _patience(host), host.say)
    if cut:
        requests, are = ("a request", "is") if cut == 1 else (f"{cut} requests", "are")
        limit = f"rollout.drain ({_patience(host):g} s)"
        host.say(f"{requests} in {slot} ran longer than {limit} and {are} cut off")


def _patience(host: Host) -> float:
    drain = host.project.environment.rollout.drain
    return host.project.environment.proxy.read_timeout if drain is None else drain
