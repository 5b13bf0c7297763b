"""Releases: what is built here, what proves it, where it runs, and what can be gone back to."""

from dataclasses import dataclass

from relctl.engine.hold import names
from relctl.engine.protocol import Image
from relctl.engine.slots import SERVICE, TAG, other
from relctl.errors import UsageError
from relctl.release import Tag
from relctl.rollout.host import Host
from relctl.rollout.retained import pinned, retained
from relctl.rollout.situation import Situation, look


@dataclass(frozen=True)
class Listed:
    """One release: `evidence` is pass, fail, damaged or none; `runs` is live, standby or ""."""

    tag: str
    image_id: str
    created: str
    size_bytes: int
    evidence: str
    runs: str
    retained: bool
    pinned: bool


def releases(host: Host) -> list[Listed]:
    """Return every release of the service that the engine has, newest version first.

    What cannot be read of the ledger is said; what only that told is not known to be retained or pinned.
    """
    host.ledger.tolerate(host.say)
    situation = look(host)
    found = {}
    for image in host.engine.images(f"{SERVICE}={host.project.versions.service}"):
        tag, known = _tag(image), names(host.project, image)
        if tag is not None and (known.plain or known.own):
            found[tag] = _listed(host, situation, image)
    return [found[tag] for tag in sorted(found, reverse=True)]


def _tag(image: Image) -> Tag | None:
    try:
        return Tag.parse(image.labels.get(TAG, ""))
    except UsageError:
        return None


def _listed(host: Host, situation: Situation, image: Image) -> Listed:
    kept = retained(situation.events, host.project.versions.retain)
    return Listed(
        tag=image.labels[TAG],
        image_id=image.id,
        created=image.labels.get("org.opencontainers.image.created", ""),
        size_bytes=image.size_bytes,
        evidence=_verdict(host, image),
        runs=_runs(situation, image),
        retained=image.id in {release.image_id for release in kept},
        pinned=image.id in pinned(situation.events).values(),
    )


def _verdict(host: Host, image: Image) -> str:
    try:
        evidence = host.evidence.newest(image.id)
    except UsageError:
        return "damaged"
    return evidence.verdict if evidence else "none"


def _runs(situation: Situation, image: Image) -> str:
    if not situation.live:
        return ""
    for role, slot in (("live", situation.live), ("standby", other(situation.live))):
        container = situation.container(slot)
        if container is not None and container.image_id == image.id:
            return role
    return ""
