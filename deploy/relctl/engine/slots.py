"""Slots and candidates: their names, addresses and what is started in them."""

import hashlib
import ipaddress

from relctl.config.project import Project
from relctl.engine.protocol import ContainerSpec, Image, Limits, Network, Publish
from relctl.state.members import SLOTS as SLOTS  # the ledger, which imports nothing of here, knows them too

TRIAL_ROLES = ("candidate", "reference", "twin")  # outside both slots, as long as a verification lasts

SERVICE = "io.relctl.service"
ENVIRONMENT = "io.relctl.environment"
STATE = "io.relctl.state"
ROLE = "io.relctl.role"
SLOT = "io.relctl.slot"
TAG = "io.relctl.tag"


def other(slot: str) -> str:
    """Return the slot beside `slot`."""
    return SLOTS[1 - SLOTS.index(slot)]


def scope(project: Project) -> str:
    """Return the prefix of every name that this service and environment own in the engine."""
    return f"relctl-{project.versions.service}-{project.name}"


def state_mark(project: Project) -> str:
    """Return six digits that tell the state directories of one machine apart."""
    return hashlib.sha256(str(project.state_dir).encode()).hexdigest()[:6]


def slot_container(project: Project, slot: str) -> str:
    """Return the name of a slot's container."""
    return f"{scope(project)}-{slot}"


def network(project: Project) -> Network:
    """Return the bridge of the environment."""
    return Network(scope(project), project.environment.network.subnet)


def slot_address(project: Project, slot: str) -> str:
    """Return `host:port` at which Nginx reaches a slot: a fixed address, or a published port."""
    settings = project.environment.network
    if settings.publish is not None:
        return f"127.0.0.1:{getattr(settings.publish, slot)}"
    return f"{_fixed_address(settings.subnet, slot)}:{project.versions.contract.port}"


def slot_spec(project: Project, slot: str, image: Image) -> ContainerSpec:
    """Describe a slot's container: it comes back by itself after a crash or a reboot."""
    settings = project.environment.network
    published = Publish(getattr(settings.publish, slot)) if settings.publish else None
    return ContainerSpec(
        name=slot_container(project, slot),
        image_id=image.id,
        port=project.versions.contract.port,
        labels=labels(project, "slot") | {SLOT: slot},
        limits=_limits(project),
        network=network(project),
        address="" if published else _fixed_address(settings.subnet, slot),
        publish=published,
        restart=True,
        environment=_environment(project),
    )


def trial_spec(project: Project, image: Image, role: str) -> ContainerSpec:
    """Describe a container in one of TRIAL_ROLES: never restarted, so a crash shows."""
    return ContainerSpec(
        name=f"{scope(project)}-{role}-{state_mark(project)}",
        image_id=image.id,
        port=project.versions.contract.port,
        labels=labels(project, role),
        limits=_limits(project),
        network=network(project),
        publish=Publish(0) if project.environment.network.publish else None,
        environment=_environment(project),
    )


def labels(project: Project, role: str) -> dict[str, str]:
    """Return the labels by which a container of this service and environment is found again."""
    return {
        SERVICE: project.versions.service,
        ENVIRONMENT: project.name,
        STATE: str(project.state_dir),
        ROLE: role,
    }


def _fixed_address(subnet: str, slot: str) -> str:
    """.1 is the bridge itself; the slots follow, below the half the engine gives out."""
    return str(ipaddress.ip_network(subnet)[2 + SLOTS.index(slot)])


def _limits(project: Project) -> Limits:
    resources = project.environment.resources
    return Limits(resources.cpus, resources.memory, resources.pids)


def _environment(project: Project) -> dict[str, str]:
    """The port is told, so that a retained image of another default still answers where Nginx asks."""
    return {"PORT": str(project.versions.contract.port)}
