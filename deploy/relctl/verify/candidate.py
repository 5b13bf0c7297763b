"""The candidate: a container outside both slots that lives as long as its verification."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from relctl.config.project import Project
from relctl.engine.protocol import Container, Engine, Image
from relctl.engine.slots import candidate_spec, labels
from relctl.probe.service import Service
from relctl.release import Tag


@dataclass(frozen=True)
class Candidate:
    """What a gate may look at: image, container, service; `started` is on the monotonic clock."""

    project: Project
    tag: Tag
    image: Image
    engine: Engine
    container: Container
    service: Service
    started: float


@contextlib.contextmanager
def running(project: Project, engine: Engine, tag: Tag, image: Image) -> Iterator[Candidate]:
    """Start a candidate, and remove it whatever happens; those that a killed run left go first."""
    for left in engine.containers(labels(project, "candidate")):
        engine.remove(left.name, grace=0)
    started = time.monotonic()
    container = engine.start(candidate_spec(project, image))
    try:
        service = Service(container.address, project.versions.contract)
        yield Candidate(project, tag, image, engine, container, service, started)
    finally:
        engine.remove(container.name, grace=0)  # its requests are over: nobody else sends it any
