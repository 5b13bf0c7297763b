"""Gate `soak`: under many requests nothing fails, no process ends and memory does not grow."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from relctl.config.gates import SoakSettings
from relctl.errors import RelctlError
from relctl.probe.traffic import Plan, Reply
from relctl.statistics.growth import WARM_UP, Growth, Reading, conclude
from relctl.verify.trial import exchange
from relctl.verify.trial.candidate import Candidate
from relctl.verify.trial.exchange import progress
from relctl.verify.trial.trial import Trial, Verdict, failed, passed

_READINGS = 100  # the intended number
_MEBIBYTE = 1024**2


def soak(trial: Trial, settings: SoakSettings) -> Verdict:
    """Send the requests while reading the processes' memory, then judge both."""
    texts = trial.fresh(trial.pipeline.data_sets[settings.data_set].sources, settings.requests)
    plan = Plan(trial.pipeline.ask, settings.clients, settings.timeout)
    watch = Watch(trial.candidate, max(settings.requests // _READINGS, 1))
    say = progress(settings.requests, trial.say)

    def done(number: int) -> None:
        watch.requests = number
        say(number)

    began = time.monotonic()
    with watch.running():
        replies = trial.candidate.send(texts, plan, done)
    seconds = time.monotonic() - began
    growth = conclude(watch.readings, settings.requests, settings.max_growth)
    wrong = [*_wrong_answers(replies, plan), *_ended(watch, settings.max_ended), *growth.wrong]
    figures = _figures(settings, watch, growth) | {
        "seconds": round(seconds, 1),
        "per_second": round(settings.requests / seconds, 1),
    }
    if wrong:
        return failed(*wrong, **figures)
    steepest = max(growth.per_thousand.values()) / _MEBIBYTE
    return passed(
        f"{settings.requests} requests at {settings.clients} clients",
        f"memory grows by at most {steepest:.2f} MiB per 1,000 requests",
        **figures,
    )


def _figures(settings: SoakSettings, watch: "Watch", growth: Growth) -> dict[str, Any]:
    return {
        "requests": settings.requests,
        "clients": settings.clients,
        "growth_bytes_per_1000": {where: round(value) for where, value in growth.per_thousand.items()},
        "max_growth_bytes_per_1000": settings.max_growth,
        "warm_up_requests": round(WARM_UP * settings.requests),
        "ended_processes": len(watch.ended),
        "max_ended_processes": settings.max_ended,
        "memory": [[number, size] for number, size in watch.readings],
    }


def _wrong_answers(replies: Sequence[Reply], plan: Plan) -> list[str]:
    wrong = [words for reply in replies if (words := exchange.read(reply, plan.ask)[1])]
    return [f"{len(wrong)} of {len(replies)} requests failed: {wrong[0]}"] if wrong else []


def _ended(watch: "Watch", allowed: int) -> list[str]:
    """Report processes that ended: a crashed and restarted worker leaves its container running."""
    wrong = [watch.trouble] if watch.trouble else []
    if len(watch.ended) > allowed:
        wrong.append(f"{len(watch.ended)} of its processes ended under load, allowed {allowed}")
    return wrong


class Watch:
    """Reads a candidate's processes about every `step` requests: their memory, and which end."""

    def __init__(self, candidate: Candidate, step: int) -> None:
        self.requests = 0
        self.readings: list[Reading] = []
        self.ended: set[int] = set()
        self.trouble = ""
        self._candidate, self._step = candidate, step
        self._known: set[int] = set()
        self._over = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Read while the block runs, and once more at its end."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _run(self) -> None:
        at = 0
        while not self._over.wait(0.01):
            if self.requests >= at:
                at = self.requests + self._step
                self._look()
        self._look()

    def _look(self) -> None:
        requests = self.requests
        try:
            found = self._candidate.engine.processes(self._candidate.container.name)
        except RelctlError as error:
            self.trouble = f"its processes could not be listed after {requests} requests: {error.message}"
            return
        self.ended |= self._known - found.keys()
        self._known |= found.keys()
        self.readings.append((float(requests), float(sum(found.values()))))
