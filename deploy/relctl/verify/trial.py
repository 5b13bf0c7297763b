"""A trial: the candidate, and a container of the live image beside it once a gate compares."""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from relctl.config.pipeline import Pipeline
from relctl.config.project import Project
from relctl.engine.protocol import Engine, Image
from relctl.engine.slots import TAG
from relctl.probe.ready import wait_until_ready
from relctl.release import Tag
from relctl.verify.candidate import Candidate, remove_leftovers, running
from relctl.verify.progress import Progress

Say = Callable[[str], None]

_READY_WITHIN = 120.0  # seconds; the live image has been proved to start


@dataclass(frozen=True)
class Subject:
    """What is to be proved: an image under its tag; `live` is None before the first release."""

    project: Project
    engine: Engine
    tag: Tag
    image: Image
    live: Image | None


class Trial:
    """What gates look at; the reference starts when the first of them compares."""

    def __init__(self, subject: Subject, pipeline: Pipeline, say: Say, stack: contextlib.ExitStack) -> None:
        self.pipeline, self.say, self.live = pipeline, Progress(say), subject.live
        self._subject, self._stack = subject, stack
        self._reference: Candidate | None = None
        self._numbers = itertools.count(1)
        self.candidate = stack.enter_context(
            running(subject.project, subject.engine, subject.tag, subject.image, "candidate")
        )

    def fresh(self, sources: Sequence[str], number: int) -> list[str]:
        """So many texts that nobody was asked before in this trial: no cache answers for the model."""
        taken = itertools.islice(self._numbers, number)
        return [self.pipeline.ask.unheard(sources[each % len(sources)], each) for each in taken]

    def reference(self) -> Candidate | None:
        """A container of the live image under the candidate's limits, None before the first release.

        Production itself is neither measured nor loaded. Raises NeverReadyError, EngineError.
        """
        subject = self._subject
        if self._reference is not None and self._reference.end():
            self._reference = None  # the gate that it failed has said so; the next one gets another
        if self._reference is None and subject.live is not None:
            self.say("  starting the live release beside the candidate")
            tag = Tag.parse(subject.live.labels.get(TAG, ""))
            self._reference = self._stack.enter_context(_ready(subject, tag, subject.live, "reference"))
        return self._reference

    def reference_end(self) -> str:
        """Why the reference cannot answer any more, "" while it can, or while there is none."""
        return self._reference.end() if self._reference is not None else ""

    def twin(self) -> contextlib.AbstractContextManager[Candidate]:
        """Another container of the candidate's image, which has answered nothing yet.

        What the candidate has answered once may come from its cache; what both say, each has worked out.
        Raises NeverReadyError, EngineError.
        """
        return _ready(self._subject, self._subject.tag, self._subject.image, "twin")


@contextlib.contextmanager
def _ready(subject: Subject, tag: Tag, image: Image, role: str) -> Iterator[Candidate]:
    with running(subject.project, subject.engine, tag, image, role) as found:
        wait_until_ready(subject.engine, found.container, subject.project.versions.contract, _READY_WITHIN)
        yield found


@contextlib.contextmanager
def trial(subject: Subject, pipeline: Pipeline, say: Say) -> Iterator[Trial]:
    """Start the candidate; its container and the reference's are removed whatever happens."""
    remove_leftovers(subject.project, subject.engine)
    with contextlib.ExitStack() as stack:
        yield Trial(subject, pipeline, say, stack)
