"""Hold a trial: the candidate, a container of the live image once a gate compares, and a gate's verdict."""

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from relctl.config.pipeline import Pipeline
from relctl.config.project import Project
from relctl.engine.labels import TAG
from relctl.engine.protocol import Engine, Image
from relctl.engine.slots import network, trial_network
from relctl.errors import EngineError
from relctl.probe.idle import Idle
from relctl.probe.ready import wait_until_ready
from relctl.proxy import front
from relctl.state.signals import held_back
from relctl.tag import Tag
from relctl.verify.trial.candidate import Candidate, remove_leftovers, running

Say = Callable[[str], None]

_READY_WITHIN = 120.0  # seconds; the live image is known to start
_SILENT = 5.0  # seconds of silence before a sign of life


@dataclass(frozen=True)
class Subject:
    """What to prove: an image under its tag; `live` is None before the first release."""

    project: Project
    engine: Engine
    tag: Tag
    image: Image
    live: Image | None


class Trial:
    """What gates use; the reference starts when the first gate compares."""

    def __init__(self, subject: Subject, pipeline: Pipeline, say: Say, stack: contextlib.ExitStack) -> None:
        self.pipeline, self.say, self.live = pipeline, Progress(say), subject.live
        self._subject, self._stack = subject, stack
        self._reference: Candidate | None = None
        self._idle: Idle | None = None
        self._numbers = itertools.count(1)
        self.candidate = stack.enter_context(
            running(subject.project, subject.engine, subject.tag, subject.image, "candidate")
        )

    def idle(self, seconds: float) -> Idle:
        """Return connections idle since the first call, while gates do other work."""
        if self._idle is None:
            self._idle = self.idle_anew(seconds)
        return self._idle

    def idle_anew(self, seconds: float) -> Idle:
        """Return connections idle from now on, for at most `seconds`."""
        contract = self.candidate.service.contract
        return Idle(self.candidate.service, (contract.ready, contract.info), seconds)

    def fresh(self, sources: Sequence[str], number: int) -> list[str]:
        """Return `number` texts not sent before in this trial: no cache answers for the model."""
        taken = itertools.islice(self._numbers, number)
        return [self.pipeline.ask.unheard(sources[each % len(sources)], each) for each in taken]

    def reference(self) -> Candidate | None:
        """Return a container of the live image under the candidate's limits, None before the first release.

        Production itself is neither measured nor loaded. Raises NeverReadyError, EngineError.
        """
        subject = self._subject
        if self._reference is not None and self._reference.end():
            self._reference = None  # its gate has reported that; the next one gets another
        if self._reference is None and subject.live is not None:
            self.say("  starting the live release beside the candidate")
            tag = Tag.parse(subject.live.labels.get(TAG, ""))
            self._reference = self._stack.enter_context(_ready(subject, tag, subject.live, "reference"))
        return self._reference

    def reference_end(self) -> str:
        """Return why the reference cannot answer any more, "" while it can or while there is none."""
        return self._reference.end() if self._reference is not None else ""

    def twin(self) -> contextlib.AbstractContextManager[Candidate]:
        """Return another container of the candidate's image, which has answered nothing yet.

        The candidate may answer from its cache what it has answered before; the twin computes each answer
        itself. Raises NeverReadyError, EngineError.
        """
        return _ready(self._subject, self._subject.tag, self._subject.image, "twin")


@contextlib.contextmanager
def _ready(subject: Subject, tag: Tag, image: Image, role: str) -> Iterator[Candidate]:
    with running(subject.project, subject.engine, tag, image, role) as found:
        wait_until_ready(subject.engine, found.container, found.service.contract, _READY_WITHIN)
        yield found


@contextlib.contextmanager
def trial(subject: Subject, pipeline: Pipeline, say: Say) -> Iterator[Trial]:
    """Start the candidate; its container and the reference's are removed in any case.

    Before anything starts, raises ProxyError if Nginx refuses the templates, and EngineError if the slots'
    network cannot be created.
    """
    remove_leftovers(subject.project, subject.engine)
    if not front.unavailable(subject.project):
        front.insist_on_templates(subject.project)
    subject.engine.insist_on_network(network(subject.project))  # where it will run after a promote
    with _own_network(subject, say), contextlib.ExitStack() as stack:
        yield Trial(subject, pipeline, say, stack)


@contextlib.contextmanager
def _own_network(subject: Subject, say: Say) -> Iterator[None]:
    """Remove the network that the first container created; the next verification reuses one left over."""
    try:
        yield
    finally:
        with held_back():
            try:
                subject.engine.remove_network(trial_network(subject.project).name)
            except EngineError as error:
                say(f"the network of this verification could not be removed: {error.message}")


def not_proved(project: Project) -> list[str]:
    """Return what no gate on this machine can show, one sentence each."""
    missing = front.unavailable(project)
    if missing:
        return [f"what users get through Nginx: {missing}, so the gates used the container directly"]
    if project.environment.proxy.mode == "system":
        return ["what the rest of your own Nginx's configuration does: only relctl's part of it was used"]
    return []


class Progress:
    """Passes messages on; while a block is `watched`, breaks a silence every few seconds."""

    def __init__(self, say: Callable[[str], None], silent: float = _SILENT) -> None:
        self._say, self._silent = say, silent
        self._last = time.monotonic()

    def __call__(self, words: str) -> None:
        """Report a message."""
        self._last = time.monotonic()
        self._say(words)

    @contextmanager
    def watched(self, what: str) -> Iterator[None]:
        """Report that `what` still runs, after every silence, until the block ends."""
        over, began = threading.Event(), time.monotonic()
        thread = threading.Thread(target=self._watch, args=(over, what, began))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event, what: str, began: float) -> None:
        while not over.wait(max(self._last + self._silent - time.monotonic(), 0.01)):
            if time.monotonic() - self._last >= self._silent:
                self(f"  {what} runs for {time.monotonic() - began:.0f} s")


@dataclass(frozen=True)
class Verdict:
    """The verdict of one gate; `figures` are plain JSON values with their unit in the name."""

    outcome: Literal["pass", "fail"]
    reasons: tuple[str, ...]
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Return all reasons joined."""
        return "; ".join(self.reasons)


def writable(verdict: Verdict) -> Verdict:
    """Return the verdict as a file can hold it: a candidate's answer may contain lone surrogates."""
    reasons = tuple(_whole(reason) for reason in verdict.reasons)
    figures = json.loads(_whole(json.dumps(verdict.figures, ensure_ascii=False)))
    return Verdict(verdict.outcome, reasons, figures)


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def passed(*reasons: str, **figures: Any) -> Verdict:
    """Return a passing verdict."""
    return Verdict("pass", reasons, figures)


def failed(*reasons: str, **figures: Any) -> Verdict:
    """Return a failing verdict."""
    return Verdict("fail", reasons, figures)
