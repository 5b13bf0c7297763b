"""Proving that what answers is the release that is meant: through its own port, and through Nginx."""

import time

from relctl.engine.protocol import Container, Image
from relctl.engine.slots import slot_spec
from relctl.errors import RelctlError
from relctl.probe.identity import Identity, disagreements
from relctl.probe.ready import wait_until_ready
from relctl.probe.service import Service, UnreachableError
from relctl.rollout.host import Host

_WARM_UP_ROUNDS = 2
_PROXY_WITHIN = 5.0  # seconds; a reload opens its port a moment after it was asked for


class OtherReleaseError(RelctlError):
    """Something answers, but it is not the release that is meant."""


def start_up(host: Host, slot: str, image: Image) -> Container:
    """Start an image in a slot, wait until it is ready, then warm it up with the smoke requests."""
    container = host.engine.start(slot_spec(host.project, slot, image))
    contract = host.project.versions.contract
    within = host.project.environment.rollout.ready_within
    service = wait_until_ready(host.engine, container, contract, within, ask=host.ask)
    _warm_up(host, service, container.name)
    return container


def is_warm(host: Host, container: Container | None, image_id: str) -> bool:
    """Tell whether a container runs exactly this image and is ready: it can take traffic as it stands."""
    if container is None or not container.running or container.image_id != image_id:
        return False
    return host.service(container.address).is_ready()


def prove(host: Host, container: Container) -> None:
    """Prove, through its own port, that a container is ready and is what its labels say."""
    service = host.service(container.address)
    if not service.is_ready():
        raise OtherReleaseError(f"{container.name} at {container.address} is not ready")
    _compare(service, container)


def prove_through_proxy(host: Host, container: Container) -> None:
    """Prove, through Nginx, that the release in `container` is the one that takes traffic."""
    service = host.service(host.project.environment.proxy.listen)
    deadline = time.monotonic() + _PROXY_WITHIN
    while True:
        try:
            return _compare(service, container)
        except UnreachableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _compare(service: Service, container: Container) -> None:
    wrong = disagreements(Identity.of_labels(container.labels), Identity.of_info(service.info()))
    if wrong:
        raise OtherReleaseError(f"{service.url} is another release: {'; '.join(wrong)}")


def _warm_up(host: Host, service: Service, called: str) -> None:
    from relctl.probe.cases import send

    try:
        known = host.project.pipeline().cases.get("smoke", ())
        cases = [case for case in known if case.expect.status == 200]
        for case in cases * _WARM_UP_ROUNDS:
            send(service, case.request, timeout=5.0)
    except RelctlError as error:  # warming is no proof, and a broken pipeline no reason to stop
        host.say(f"{called} is not warmed up, its first answers may be slow: {error}")
