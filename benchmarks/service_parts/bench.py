"""Share models, requests, the service's code and the effort between all sections."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from service_parts import message, models, servers
from service_parts.effort import Effort
from service_parts.load import Closed, put
from service_parts.models import Decoding, Model
from service_parts.points import Point
from service_parts.servers import Server

BEAM = 4  # the service's default


def closed(server: Server, clients: int, messages: Sequence[bytes], seconds: float) -> Point:
    """Return what a server does with these requests; at least three of each client."""
    record = put(server.port, clients, messages, Closed(seconds, least=3 * clients))
    return Point.of(record, skip=clients)


def say(words: str) -> None:
    """Print the progress of the benchmark."""
    print(words, file=sys.stderr, flush=True)


@dataclass
class Bench:
    """One run of the benchmark."""

    effort: Effort
    code: Path
    _messages: dict[str, list[bytes]] = field(default_factory=dict)
    _threads: dict[str, str] = field(default_factory=dict)

    @cached_property
    def embedded(self) -> Model:
        """Return the embedded model."""
        return models.embedded()

    @cached_property
    def real_shape(self) -> Model:
        """Return the model of a real Marian model's shape."""
        return models.real_shape()

    def messages(self, model: Model) -> Sequence[bytes]:
        """Return one request for each text of a model."""
        if model.name not in self._messages:
            self._messages[model.name] = [message.translate(text) for text in model.texts]
        return self._messages[model.name]

    def service(self, model: Model, beam: int = BEAM, **settings: str) -> AbstractContextManager[Server]:
        """The service with a model."""
        return servers.service(self.code, model.ctranslate2, Decoding(beam, model.max_length), **settings)

    def baseline(self, model: Model, beam: int = BEAM) -> AbstractContextManager[Server]:
        """The baseline with a model, and with the threads that suit it."""
        return self._baseline(model, beam, self.threads(model))

    def threads(self, model: Model) -> str:
        """Threads of torch with which the baseline answers more: "1", or "" for torch's own choice."""
        if not self.effort.tries_threads:
            return "1"
        if model.name not in self._threads:
            self._threads[model.name] = max(("1", ""), key=lambda threads: self._try(model, threads))
        return self._threads[model.name]

    def _try(self, model: Model, threads: str) -> float:
        say(f"baseline, {model.name}, TORCH_THREADS={threads or 'default'}")
        with self._baseline(model, BEAM, threads) as server:
            return self.slow(server, model, 8, self.effort.baseline / 2).throughput

    @staticmethod
    def _baseline(model: Model, beam: int, threads: str) -> AbstractContextManager[Server]:
        return servers.baseline(model.hf, Decoding(beam, model.max_length), threads)

    def closed(self, server: Server, model: Model, clients: int, seconds: float) -> Point:
        """Measure the service under the given number of clients, each with its next request after an answer.

        The first request of each does not count: all come at once, as they never will again.
        """
        return closed(server, clients, self.messages(model), seconds)

    def slow(self, server: Server, model: Model, clients: int, seconds: float) -> Point:
        """Return the same for the baseline: it works on four requests at a time, and does not answer many."""
        return Point.of(put(server.port, clients, self.messages(model), Closed(seconds)), servers.WORKERS)

    def in_turns(self, rounds: int, *sides: Callable[[], Point]) -> list[list[Point]]:
        """Measure each side once per round, so that what else the machine does meets all alike."""
        found: list[list[Point]] = [[] for _ in sides]
        for number in range(rounds):
            say(f"  round {number + 1} of {rounds}")
            for points, side in zip(found, sides, strict=True):
                points.append(side())
        return found
