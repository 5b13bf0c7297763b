"""Watching traffic until the policy has an answer: read, count, judge, say."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from relctl.config.environment import Rollout
from relctl.errors import UnhealthyError
from relctl.proxy.access_log import AccessLog
from relctl.rollout.observation.figures import Figures
from relctl.rollout.observation.judgement import CERTAIN, CONFIDENCE, Compared, Verdict, judge
from relctl.rollout.observation.patience import decisive_looks, step
from relctl.rollout.observation.traffic import Tally

Say = Callable[[str], None]

_READ_EVERY = 1.0  # seconds
_JUDGE_EVERY = 2.0
_SAY_EVERY = (2.0, 60.0)  # a tenth of the window, between these


@dataclass(frozen=True)
class Watched:
    """How a watch ended: the verdict, whether the policy takes it, and what it rests on."""

    verdict: Verdict
    accepted: bool
    release: Figures
    reference: Figures | None
    reasons: tuple[str, ...]
    seconds: float

    @property
    def words(self) -> str:
        """The verdict and its reasons."""
        return f"{self.verdict}: {'; '.join(self.reasons)}"

    def insist(self) -> None:
        """Raise UnhealthyError unless the policy accepts what was seen."""
        if not self.accepted:
            raise UnhealthyError(f"it is {self.words}" if self.verdict == "unhealthy" else self.words)

    def as_json(self) -> dict[str, Any]:
        """What ledger and command line tell."""
        before = {"reference": self.reference.as_json()} if self.reference else {}
        return {
            **self.release.as_json(),
            **before,
            "verdict": self.verdict,
            "accepted": self.accepted,
            "reasons": list(self.reasons),
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True)
class Watch:
    """What is watched: for how long, how much of that has passed, and how the sides are compared.

    `interest` says whether the answer is still asked for; it raises if not.
    """

    name: str
    seconds: float
    passed: float
    compare: Callable[[Tally], Compared]
    interest: Callable[[], None]


def watch(log: AccessLog, what: Watch, policy: Rollout, say: Say) -> Watched:
    """Watch until the policy accepts or refuses; never longer than `seconds` and `wait_at_most`."""
    tally, looks = Tally(), decisive_looks(policy, what.seconds)
    began = time.monotonic() - what.passed
    judge_at = say_at = 0.0
    while True:
        time.sleep(max(min(_READ_EVERY, looks[0] - (time.monotonic() - began)), 0.0))
        what.interest()
        tally.add(log.read())
        passed = time.monotonic() - began
        decisive = passed >= looks[0]
        if not decisive and passed < judge_at:
            continue
        compared, judge_at = what.compare(tally), passed + _JUDGE_EVERY
        judgement = judge(policy, compared, CONFIDENCE if decisive else CERTAIN)
        chosen = step(policy, judgement, decisive=decisive, last=len(looks) == 1)
        if chosen != "go on":
            reasons = (*judgement.reasons, *log.losses.sentences(log.path))
            accepted = chosen == "accept"
            return Watched(judgement.verdict, accepted, compared.release, compared.reference, reasons, passed)
        if decisive:
            looks.pop(0)
            say(f"not enough traffic to tell, waiting for more: {'; '.join(judgement.reasons)}")
        elif passed >= say_at:
            say_at = passed + min(max(what.seconds / 10, _SAY_EVERY[0]), _SAY_EVERY[1])
            say(_progress(what.name, compared, looks[0] - passed, log))


def _progress(name: str, compared: Compared, left: float, log: AccessLog) -> str:
    sides = [f"{name}: {_words(compared.release)}"]
    if compared.reference:
        sides.append(f"before: {_words(compared.reference)}")
    return "; ".join([*sides, f"{left:.0f} s to go", *log.losses.sentences(log.path)])


def _words(found: Figures) -> str:
    times = [
        f"{each:.0f}" if each is not None else "-" for each in (found.p50_ms, found.p95_ms, found.p99_ms)
    ]
    return f"{found.requests} requests, {found.error_rate:.2%} failed, p50/p95/p99 {'/'.join(times)} ms"
