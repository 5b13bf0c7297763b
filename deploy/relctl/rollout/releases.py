"""List releases: what is built here, its evidence, where it runs, and what can be rolled back to."""

import os
from dataclasses import dataclass
from pathlib import Path

from relctl.engine.labels import OCI, TAG
from relctl.engine.protocol import Image
from relctl.engine.slots import other
from relctl.errors import UsageError
from relctl.report.page import index_of, report_of
from relctl.rollout.host import Host
from relctl.rollout.named import images
from relctl.rollout.snapshot import Snapshot, take_snapshot


@dataclass(frozen=True)
class Listed:
    """One release: `evidence` is pass, fail, damaged or none; `runs` is live, standby or "".

    `report` is the file with the newest report of it, `reports` the one that lists all; "" for none.
    """

    tag: str
    image_id: str
    created: str
    size_bytes: int
    evidence: str
    runs: str
    retained: bool
    pinned: bool
    report: str
    reports: str


def releases(host: Host) -> list[Listed]:
    """Return every release of the service that the engine has, newest version first.

    Unreadable ledger lines are reported; releases known from them alone do not count as retained or pinned.
    """
    host.ledger.tolerate(host.say)
    snapshot = take_snapshot(host)
    found = images(host.project, host.engine)
    return [_listed(host, snapshot, found[tag]) for tag in sorted(found, reverse=True)]


def _listed(host: Host, snapshot: Snapshot, image: Image) -> Listed:
    kept = snapshot.history.retained(host.project.versions.retain)
    verdict, report = _evidence(host, image)
    return Listed(
        tag=image.labels[TAG],
        image_id=image.id,
        created=image.labels.get(f"{OCI}created", ""),
        size_bytes=image.size_bytes,
        evidence=verdict,
        runs=_runs(snapshot, image),
        retained=image.id in {release.image_id for release in kept},
        pinned=image.id in snapshot.history.pinned.values(),
        report=report,
        reports=_existing(index_of(host.evidence.folder)),
    )


def _evidence(host: Host, image: Image) -> tuple[str, str]:
    """Return the verdict of the newest evidence, and the file of its report."""
    try:
        found = host.evidence.newest(image.id)
    except UsageError:
        return "damaged", ""
    if found is None:
        return "none", ""
    return found.verdict, _existing(report_of(host.evidence.path(found.image_id, found.pipeline)))


def _existing(path: Path) -> str:
    return str(path) if os.path.lexists(path) else ""


def _runs(snapshot: Snapshot, image: Image) -> str:
    if not snapshot.live:
        return ""
    for role, slot in (("live", snapshot.live), ("standby", other(snapshot.live))):
        container = snapshot.container(slot)
        if container is not None and container.image_id == image.id:
            return role
    return ""
