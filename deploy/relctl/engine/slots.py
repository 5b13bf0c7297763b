"""Slots and candidates: names, addresses, and container specifications."""

import hashlib
import ipaddress
import json
from dataclasses import asdict, fields
from pathlib import Path

from relctl.config.project import Project
from relctl.engine.labels import CONTRACT, ENVIRONMENT, ROLE, SERVICE, SLOT, STATE, contract_of, label_of
from relctl.engine.protocol import Container, ContainerSpec, Image, Limits, Network, Publish
from relctl.state.event import (
    SLOTS as SLOTS,  # defined there because the ledger imports nothing from here
)
from relctl.state.files import remove, replace_text

TRIAL_ROLES = ("candidate", "reference", "twin")  # outside both slots, during a verification


def other(slot: str) -> str:
    """Return the other slot."""
    return SLOTS[1 - SLOTS.index(slot)]


def scope(project: Project) -> str:
    """Return the prefix of all names of this service and environment in the engine."""
    return f"relctl-{project.versions.service}-{project.name}"


def state_mark(project: Project) -> str:
    """Return six hex digits that distinguish the state directories of one machine."""
    return hashlib.sha256(str(project.state_dir).encode()).hexdigest()[:6]


def slot_container(project: Project, slot: str) -> str:
    """Return the name of a slot's container."""
    return f"{scope(project)}-{slot}"


def network(project: Project) -> Network:
    """Return the environment's network."""
    return Network(scope(project), project.environment.network.subnet)


def trial_network(project: Project) -> Network:
    """Return the network of a verification, which is isolated from the slots."""
    return Network(f"{scope(project)}-trial-{state_mark(project)}", "")


def slot_address(project: Project, slot: str, port: int | None = None) -> str:
    """Return `host:port` at which Nginx reaches a slot: a fixed address, or a published port.

    `port` is that of the release in the slot, None for the one in versions.yaml.
    """
    settings = project.environment.network
    if settings.publish is not None:
        return f"127.0.0.1:{getattr(settings.publish, slot)}"
    return f"{_fixed_address(settings.subnet, slot)}:{port or project.versions.contract.port}"


def slot_spec(project: Project, slot: str, image: Image) -> ContainerSpec:
    """Specify a slot's container, which the engine restarts after a crash or a reboot."""
    settings, contract = project.environment.network, contract_of(image.labels, project.versions.contract)
    published = Publish(getattr(settings.publish, slot)) if settings.publish else None
    return ContainerSpec(
        name=slot_container(project, slot),
        image_id=image.id,
        port=contract.port,
        labels=labels(project, "slot") | {SLOT: slot, CONTRACT: label_of(contract)},
        limits=_limits(project),
        network=network(project),
        address="" if published else _fixed_address(settings.subnet, slot),
        publish=published,
        restart=True,
        environment=_environment(contract.port),
    )


def trial_spec(project: Project, image: Image, role: str) -> ContainerSpec:
    """Specify a container in one of TRIAL_ROLES: never restarted, so that a crash shows."""
    port = contract_of(image.labels, project.versions.contract).port
    return ContainerSpec(
        name=f"{scope(project)}-{role}-{state_mark(project)}",
        image_id=image.id,
        port=port,
        labels=labels(project, role),
        limits=_limits(project),
        network=trial_network(project),
        publish=Publish(0) if project.environment.network.publish else None,
        environment=_environment(port),
    )


def labels(project: Project, role: str) -> dict[str, str]:
    """Return the labels that identify a container of this service and environment."""
    return {
        SERVICE: project.versions.service,
        ENVIRONMENT: project.name,
        STATE: str(project.state_dir),
        ROLE: role,
    }


def _fixed_address(subnet: str, slot: str) -> str:
    """Return a slot's address: after .1, the bridge, and below the half for the engine."""
    return str(ipaddress.ip_network(subnet)[2 + SLOTS.index(slot)])


def _limits(project: Project) -> Limits:
    resources = project.environment.resources
    return Limits(resources.cpus, resources.memory, resources.pids)


def _environment(port: int) -> dict[str, str]:
    """Pass the port, so that an image without the contract label still listens where Nginx expects it."""
    return {"PORT": str(port)}


class SlotRecords:
    """One file per slot below `folder`: what was started there last, whether or not it still runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, slot: str) -> Container | None:
        """Return what was last started in a slot, None if nothing."""
        try:
            found = json.loads(self._path(slot).read_text(encoding="utf-8"))
            return Container(
                **{each.name: found[each.name] for each in fields(Container) if each.name in found}
            )
        except (OSError, ValueError, TypeError):  # only an aid: an unreadable record counts as missing
            return None

    def keep(self, slot: str, container: Container) -> None:
        """Record what a slot holds; raises OSError."""
        replace_text(self._path(slot), json.dumps(asdict(container), indent=1) + "\n")

    def forget(self, slot: str) -> None:
        """Remove the record of a slot that is emptied for good."""
        if self._path(slot).exists():
            remove(self._path(slot), self._path(slot).name)

    def _path(self, slot: str) -> Path:
        return self._folder / slot / "container.json"
