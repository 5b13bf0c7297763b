"""Candidate, its twin, and reference: containers outside both slots that live as long as a verification."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from relctl.config.project import Project
from relctl.engine.protocol import Container, Engine, Image
from relctl.engine.slots import TRIAL_ROLES, labels, trial_spec
from relctl.probe.service import Service
from relctl.release import Tag
from relctl.state.interruption import held_back

_ENGINE_LEARNS = 2.0  # seconds
_CALLED = {"candidate": "the candidate", "reference": "the live release beside it", "twin": "its twin"}


@dataclass(frozen=True)
class Candidate:
    """What a gate may look at: image, container, service; `started` is on the monotonic clock."""

    project: Project
    role: str
    tag: Tag
    image: Image
    engine: Engine
    container: Container
    service: Service
    started: float

    @property
    def called(self) -> str:
        """What words call it."""
        return _CALLED[self.role]

    def end(self) -> str:
        """Why it cannot answer any more, "" while its container runs.

        An engine may learn a moment later than its clients that a process has ended.
        """
        words = self._ended()
        if words or self.service.is_ready():
            return words
        deadline = time.monotonic() + _ENGINE_LEARNS
        while not words and time.monotonic() < deadline:
            time.sleep(0.1)
            words = self._ended()
        return words

    def _ended(self) -> str:
        now = self.engine.container(self.container.name)
        if now is None:
            return f"{self.called}: its container is gone"
        if now.restarts or not now.running:
            return f"{self.called} has ended with {now.exit_code}"
        return ""


def remove_leftovers(project: Project, engine: Engine) -> None:
    """Remove the containers of a verification that was killed."""
    for role in TRIAL_ROLES:
        for left in engine.containers(labels(project, role)):
            engine.remove(left.name, grace=0)


@contextlib.contextmanager
def running(project: Project, engine: Engine, tag: Tag, image: Image, role: str) -> Iterator[Candidate]:
    """Start a container in one of TRIAL_ROLES, and remove it whatever happens."""
    spec = trial_spec(project, image, role)
    started = time.monotonic()
    try:
        container = engine.start(spec)
        service = Service(container.address, project.versions.contract)
        yield Candidate(project, role, tag, image, engine, container, service, started)
    finally:
        with held_back():  # a second Ctrl-C must not leave it behind
            engine.remove(spec.name, grace=0)  # its requests are over: nobody else sends it any
