"""Start a release in a slot, and prove that it answers: at its own address, and through Nginx."""

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from relctl.engine.protocol import Container, Image
from relctl.engine.slots import slot_address, slot_container, slot_spec
from relctl.errors import RelctlError, words_of
from relctl.probe.cases import SmokeFailedError
from relctl.probe.ready import wait_until_ready
from relctl.probe.service import Identity, ServiceDoor, UnreachableError, disagreements
from relctl.proxy.nginx import last_errors, last_words, log_size
from relctl.rollout.ensure_proxy import lead_to
from relctl.rollout.host import Host

if TYPE_CHECKING:
    from relctl.config.pipeline import Case

_WARM_UP_ROUNDS = 2
_END_WITHIN = 0  # seconds from SIGTERM to SIGKILL: no request is left, and users wait for the next release
_BY_NGINX = re.compile(r"answers 50[234]:")
_NOT_APPLIED = "relctl status; relctl proxy up, if Nginx does not run with what is in its file"
_PROXY_WITHIN = 5.0  # seconds; a reload opens its port only after a moment


class OtherReleaseError(RelctlError):
    """The release that answers is not the intended one."""


def start_release(host: Host, slot: str, image: Image) -> Container:
    """Start an image in a slot, wait until it is ready, then warm it up with the smoke requests."""
    container = _fill(host, slot, image)
    _warm_up(host, wait_for(host, container), container.name)
    lead_to(host, slot)
    return container


def _fill(host: Host, slot: str, image: Image) -> Container:
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


def _warm_up(host: Host, service: ServiceDoor, called: str) -> None:
    from relctl.probe.cases import send

    try:
        known = host.project.pipeline().cases.get("smoke", ())
        cases = [case for case in known if case.expect.status == 200]
        for case in cases * _WARM_UP_ROUNDS:
            send(service, case.request, timeout=5.0)
    except RelctlError as error:  # warm-up proves nothing, so it may fail
        host.say(f"{called} was not warmed up, its first answers may be slow: {error}")


def wait_for(host: Host, container: Container) -> ServiceDoor:
    """Wait for a container to be ready, as long as for a start; raises RelctlError when it is not."""
    within = host.project.environment.rollout.ready_within
    return wait_until_ready(host.engine, container, host.contract(container), within, ask=host.ask)


def is_warm(host: Host, container: Container | None, image_id: str) -> bool:
    """Return whether a container runs exactly this image and is ready to take traffic."""
    if container is None or not container.running or container.image_id != image_id:
        return False
    return host.service(container).is_ready()


def prove(host: Host, container: Container) -> None:
    """Prove on its own port that a container is ready and matches its labels."""
    service = host.service(container)
    if not service.is_ready():
        raise OtherReleaseError(f"{container.name} at {container.address} is not ready")
    _compare(service, container)


def prove_through_proxy(host: Host, container: Container) -> None:
    """Prove through Nginx that the release in `container` takes the traffic."""
    service = host.through_proxy(container)
    deadline = time.monotonic() + _PROXY_WITHIN
    while True:
        try:
            return _compare(service, container)
        except UnreachableError as error:
            if time.monotonic() > deadline:
                raise UnreachableError(_with_the_reason(host, error), _NOT_APPLIED) from None
            time.sleep(0.05)


def prove_smoke(host: Host, container: Container, cases: Sequence["Case"]) -> None:
    """Prove through Nginx that users get what these cases expect; raises SmokeFailedError."""
    log = host.paths.error_log
    since = log_size(log)
    try:
        host.try_cases(host.through_proxy(container), cases)
    except SmokeFailedError as error:
        words = last_words(log, since=since)
        raise SmokeFailedError(f"{error.message}; Nginx says: {words}" if words else error.message) from error


def _with_the_reason(host: Host, error: UnreachableError) -> str:
    """Return the error, with Nginx's own log lines if Nginx caused it."""
    why = last_errors(host.paths) if _BY_NGINX.search(error.message) else []
    return "\n".join([error.message, *why])


def _compare(service: ServiceDoor, container: Container) -> None:
    wrong = disagreements(Identity.of_labels(container.labels), Identity.of_info(service.info()))
    if wrong:
        raise OtherReleaseError(f"{service.url} is another release: {'; '.join(wrong)}")
