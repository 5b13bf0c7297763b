"""Simulated traffic of releases that are watched, judged look by look as a rollout judges.

Log-normal times with a spread that both pools share in each half second, and one that is a pool's own; some
of the requests fail. A bad release is slower in all requests, or fails more often.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy

from relctl.config.environment import Rollout
from relctl.proxy.access_line import Request
from relctl.rollout.observation.figures import Figures, after, beside, figures
from relctl.rollout.observation.judgement import CERTAIN, CONFIDENCE, Compared, judge
from relctl.rollout.observation.patience import decisive_looks, step
from relctl.rollout.observation.traffic import SPAN, Tally

SPREAD, SHARED, OF_ONE_POOL = 0.35, 0.15, 0.075  # standard deviations of the logarithm of milliseconds
MIDDLE = 2.5  # the logarithm of 12 ms
FAILING = 0.001  # of the release before
LOOK = 2.0  # seconds between looks


@dataclass(frozen=True)
class Watched:
    """Windows of one kind: `rate` requests a second in all, the release's `share` of them, so much worse.

    `share` 1 is the time after a switch: the release before had all requests, for a window's length.
    """

    policy: Rollout
    rate: float
    share: float
    slower: float = 1.0
    more_failing: float = 0.0

    def outcome(self, number: int) -> str:
        """Watch one of them to its end: `accepted`, or the verdict; every number is another one."""
        return _Window(self, number).outcome()


class _Window:
    """One simulated window, drawn as time passes."""

    def __init__(self, kind: Watched, number: int) -> None:
        seed = (number, round(1e6 * kind.share), round(1e6 * kind.slower), round(1e6 * kind.more_failing))
        self._draw, self._kind, self._tally, self._span = numpy.random.default_rng(seed), kind, Tally(), 0
        self._before: Figures | None = None

    def outcome(self) -> str:
        """`accepted`, or the verdict of a release that is taken back."""
        kind = self._kind
        if kind.share == 1:
            self._before = self._baseline()
        looks, passed = decisive_looks(kind.policy, kind.policy.observe), 0.0
        while True:
            passed = min(passed + LOOK, looks[0])
            self._advance(passed, {"new": kind.share, "old": 1 - kind.share})
            decisive = passed == looks[0]
            judgement = judge(kind.policy, self._compared(), CONFIDENCE if decisive else CERTAIN)
            found = step(kind.policy, judgement, decisive=decisive, last=len(looks) == 1)
            if found != "go on":
                return "accepted" if found == "accept" else judgement.verdict
            if decisive:
                looks.pop(0)

    def _baseline(self) -> Figures:
        self._advance(self._kind.policy.observe, {"old": 1.0})
        before = figures(self._tally.sides("old")[0])
        self._tally, self._span = Tally(), 0
        return before

    def _compared(self) -> Compared:
        if self._before:
            release = figures(self._tally.sides("new")[0])
            return Compared(release, self._before, after(release, self._before))
        ours, theirs = self._tally.sides("new", "old")
        return Compared(figures(ours), figures(theirs), beside(ours, theirs))

    def _advance(self, until: float, shares: dict[str, float]) -> None:
        while self._span * SPAN < until:
            weather = self._draw.normal(MIDDLE, SHARED)
            for pool, share in shares.items():
                if share:
                    self._tally.add(self._requests(pool, share, weather))
            self._span += 1

    def _requests(self, pool: str, share: float, weather: float) -> Iterator[Request]:
        kind, new = self._kind, pool == "new"
        count = int(self._draw.poisson(kind.rate * share * SPAN))
        middle = self._draw.normal(weather, OF_ONE_POOL)
        took = numpy.exp(self._draw.normal(middle, SPREAD, count)) * (kind.slower if new else 1.0)
        failing = self._draw.random(count) < FAILING + (kind.more_failing if new else 0.0)
        for milliseconds, fails in zip(took, failing, strict=True):
            ended, status = (self._span + 0.5) * SPAN, 500 if fails else 200
            yield Request(ended, pool, "/translate", status, int(milliseconds), asked=True, passed_on=False)
