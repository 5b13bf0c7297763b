"""Run candidate, twin and reference: containers outside both slots, for one verification."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from relctl.config.project import Project
from relctl.engine.labels import contract_of
from relctl.engine.protocol import Container, Engine, Image, how_it_ended, out_of_memory
from relctl.engine.slots import TRIAL_ROLES, labels, trial_network, trial_spec
from relctl.probe import traffic
from relctl.probe.service import Service
from relctl.probe.traffic import Plan, Reply
from relctl.proxy import front
from relctl.proxy.front import Front
from relctl.proxy.upstream import Upstream
from relctl.state.signals import held_back
from relctl.tag import Tag

_ENGINE_LEARNS = 2.0  # seconds
_CALLED = {"candidate": "the candidate", "reference": "the live release beside it", "twin": "its twin"}


@dataclass(frozen=True)
class Candidate:
    """What a gate may use: image, container, service; `started` is on the monotonic clock.

    `service` reaches the container directly; `users` goes through the Nginx in `front` of it, as users do.
    Without an Nginx both are the same.
    """

    project: Project
    role: str
    tag: Tag
    image: Image
    engine: Engine
    container: Container
    service: Service
    started: float
    front: Front | None = None

    @property
    def users(self) -> Service:
        """Return what users reach; raises ProxyError if its Nginx does not start."""
        if self.front is None:
            return self.service
        return Service(self.front.listen, self.service.contract)

    def send(
        self, texts: Sequence[str], plan: Plan, done: Callable[[int], None] = lambda _: None
    ) -> list[Reply]:
        """Send texts as users would, with `traffic.send`; raises ProxyError as `users` does."""
        return traffic.send(self.users.address, texts, self._with_headers(plan), done)

    def send_directly(self, texts: Sequence[str], plan: Plan) -> list[Reply]:
        """Send texts to the container itself."""
        return traffic.send(self.container.address, texts, self._with_headers(plan))

    def _with_headers(self, plan: Plan) -> Plan:
        return replace(plan, headers=self.service.contract.probe_headers)

    @property
    def called(self) -> str:
        """Return its name in messages."""
        return _CALLED[self.role]

    def new_words_of_nginx(self) -> str:
        """Return the last line of its Nginx's error log since the last call, "" for none."""
        return self.front.new_words() if self.front else ""

    def out_of_memory(self) -> str:
        """Report that one of its processes was killed for lack of memory while it runs on; "" if none was."""
        now = self.engine.container(self.container.name)
        if now is None or not now.running or not now.out_of_memory:
            return ""
        return f"{self.called} runs on, but one of its processes was killed: {out_of_memory(now)}"

    def end(self) -> str:
        """Return why it cannot answer any more, "" while its container runs.

        The engine may learn of a process's end a moment later than its clients.
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
            return f"{self.called} has ended with {how_it_ended(now)}"
        return ""


def remove_leftovers(project: Project, engine: Engine) -> None:
    """Remove the containers, proxies and network of a killed verification."""
    front.remove_leftovers(project)
    for role in TRIAL_ROLES:
        for left in engine.containers(labels(project, role)):
            engine.remove(left.name, grace=0)
    engine.remove_network(trial_network(project).name)


@contextlib.contextmanager
def running(project: Project, engine: Engine, tag: Tag, image: Image, role: str) -> Iterator[Candidate]:
    """Start a container in one of TRIAL_ROLES, and remove it in any case."""
    spec = trial_spec(project, image, role)
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        try:
            container = engine.start(spec)
            service = Service(container.address, contract_of(container.labels, project.versions.contract))
            before = stack.enter_context(_before(project, role, service))
            yield Candidate(project, role, tag, image, engine, container, service, started, before)
        finally:
            with held_back():  # a second Ctrl-C must not leave it running
                engine.remove(spec.name, grace=0)  # no requests are left: only gates send any


@contextlib.contextmanager
def _before(project: Project, role: str, service: Service) -> Iterator[Front | None]:
    """Yield the Nginx before a service; None for a container that has already ended and has no address."""
    if not service.address or front.unavailable(project):
        yield None
        return
    found = Front(project, role, Upstream(service.address, service.contract))
    try:
        yield found
    finally:
        with held_back():
            found.close()
