"""Observe traffic until the policy decides: read, count, judge, report."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from relctl.config.environment import Rollout
from relctl.errors import UnhealthyError
from relctl.observation.figures import Figures
from relctl.observation.judge import ANY, LAST, Compared, Judgement, Verdict, judge
from relctl.observation.tally import Tally
from relctl.proxy.access_log import AccessLog

Step = Literal["go on", "accept", "roll back"]
Say = Callable[[str], None]

_READ_EVERY = 1.0  # seconds
_JUDGE_EVERY = 2.0
_SAY_EVERY = (2.0, 60.0)  # seconds; a tenth of the window, within these


def ends(policy: Rollout, seconds: float) -> list[float]:
    """Return the seconds after which a single look decides: at its end, and after any extra wait."""
    waits = policy.too_few == "wait" and policy.wait_at_most
    return [seconds, seconds + policy.wait_at_most] if waits else [seconds]


def enough(policy: Rollout, requests: float) -> bool:
    """Return whether a window ends early, having as many requests as the policy asks for."""
    return policy.until is not None and 0 < policy.until.requests <= requests


def step(policy: Rollout, judgement: Judgement, *, over: bool, last: bool, blind: bool = False) -> Step:
    """Harm ends a window at any look, health if the policy waits for no more; the end decides the rest.

    `blind`: there is no log to read. Only the policy `accept` keeps a release that could not be observed.
    """
    if judgement.verdict == "unhealthy":
        return "roll back"
    if judgement.verdict == "healthy" and (over or (policy.until is not None and policy.until.healthy)):
        return "accept"
    if not over:
        return "go on"
    if policy.too_few == "accept":
        return "accept" if judgement.within else "roll back"
    if policy.too_few == "keep" and not blind:
        return "accept"
    return "roll back" if last else "go on"


@dataclass(frozen=True)
class Watched:
    """The result of an observation: the verdict, whether the policy accepts it, and its basis."""

    verdict: Verdict
    accepted: bool
    release: Figures
    reference: Figures | None
    reasons: tuple[str, ...]
    seconds: float

    @property
    def words(self) -> str:
        """Return the verdict and its reasons."""
        return f"{self.verdict}: {'; '.join(self.reasons)}"

    def insist(self) -> None:
        """Raise UnhealthyError unless the policy accepts the result."""
        if not self.accepted:
            raise UnhealthyError(f"it is {self.words}" if self.verdict == "unhealthy" else self.words)

    def as_json(self) -> dict[str, Any]:
        """Return the members for ledger and command line."""
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
    """What to observe: for how long, how much of that has passed, and how to compare.

    `interest` raises when the result is no longer wanted.
    """

    name: str
    seconds: float
    passed: float
    compare: Callable[[Tally], Compared]
    interest: Callable[[], None]


def watch(log: AccessLog, what: Watch, policy: Rollout, say: Say) -> Watched:
    """Observe until the policy accepts or refuses; never longer than `seconds` plus `wait_at_most`."""
    tally, left, waiting = Tally(), ends(policy, what.seconds), False
    began = time.monotonic() - what.passed
    judge_at = say_at = 0.0
    while True:
        time.sleep(max(min(_READ_EVERY, left[0] - (time.monotonic() - began)), 0.0))
        what.interest()
        tally.add(log.read())
        passed = time.monotonic() - began
        if passed < min(left[0], judge_at):
            continue
        compared, judge_at = what.compare(tally), passed + _JUDGE_EVERY
        at_end = passed >= left[0] or (not waiting and enough(policy, compared.release.requests))
        judgement = judge(policy, compared, LAST if at_end else ANY)
        last, blind = at_end and len(left) == 1, log.losses.missing
        chosen = step(policy, judgement, over=at_end or waiting, last=last, blind=blind)
        if chosen != "go on":
            return _ended(judgement, chosen == "accept", compared, log, passed)
        if at_end:
            left, waiting = left[1:], True
        if at_end or passed >= say_at:
            say_at = passed + min(max(what.seconds / 10, _SAY_EVERY[0]), _SAY_EVERY[1])
            say(_waits(judgement) if waiting else _progress(what.name, compared, left[0] - passed, log))


def _ended(
    judgement: Judgement, accepted: bool, compared: Compared, log: AccessLog, seconds: float
) -> Watched:
    reasons = (*judgement.reasons, *log.losses.sentences(log.path))
    return Watched(judgement.verdict, accepted, compared.release, compared.reference, reasons, seconds)


def _waits(judgement: Judgement) -> str:
    return f"not enough traffic to tell, waiting for more: {'; '.join(judgement.reasons)}"


def _progress(name: str, compared: Compared, left: float, log: AccessLog) -> str:
    sides = [f"{name}: {_words(compared.release)}"]
    if compared.reference:
        sides.append(f"before: {_words(compared.reference)}")
    return "; ".join([*sides, f"{left:.0f} s to go", *log.losses.sentences(log.path)])


def _words(found: Figures) -> str:
    times = [
        f"{each:.0f}" if each is not None else "-" for each in (found.p50_ms, found.p95_ms, found.p99_ms)
    ]
    clients = f"{found.asked_by}, " if found.clients else ""
    gone = f"{found.gone} went away, " if found.gone else ""
    failed = f"{found.error_rate:.2%} failed"
    return f"{clients}{gone}{found.requests:.0f} requests, {failed}, p50/p95/p99 {'/'.join(times)} ms"
