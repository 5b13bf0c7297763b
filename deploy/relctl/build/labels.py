"""The labels of an image: OCI's own keys, and those by which relctl knows its images again."""

from collections.abc import Mapping

from relctl.build.order import Order
from relctl.build.service import timestamp
from relctl.engine.slots import SERVICE, TAG

OCI = "org.opencontainers.image"
OWN = "io.relctl"


def labels(order: Order, facts: Mapping[str, str]) -> dict[str, str]:
    """Return all labels: the 14 keys of the OCI image specification, ours, and the project's own.

    What nothing in the commit tells stays blank. `source` and `url` above all: the address of a clone
    differs between machines, and the same commit must give the same image id. versions.yaml may fill
    them in, under `labels`.
    """
    return {**_oci(order), **_own(order, facts), **order.versions.labels}


def _oci(order: Order) -> dict[str, str]:
    source, versions = order.source, order.versions
    name, _, digest = versions.base.image.partition("@")
    known = {
        "created": timestamp(source.created),
        "version": versions.version,
        "revision": source.revision,
        "ref.name": str(order.tag),
        "title": versions.service,
        "base.name": name,
        "base.digest": digest,
    }
    blank = ("authors", "description", "documentation", "licenses", "source", "url", "vendor")
    return {f"{OCI}.{key}": value for key, value in {**dict.fromkeys(blank, ""), **known}.items()}


def _own(order: Order, facts: Mapping[str, str]) -> dict[str, str]:
    source, versions = order.source, order.versions
    return {
        SERVICE: versions.service,
        TAG: str(order.tag),
        f"{OWN}.version": versions.version,
        f"{OWN}.revision": source.revision,
        f"{OWN}.python": versions.python,
        f"{OWN}.model.name": versions.model.name,
        f"{OWN}.model.revision": versions.model.revision,
        f"{OWN}.model.sha256": versions.model.sha256,
        f"{OWN}.model.license": versions.model.license,
        f"{OWN}.base.packages": facts.get("packages", ""),
        f"{OWN}.lock": facts.get("lock", ""),
    }
