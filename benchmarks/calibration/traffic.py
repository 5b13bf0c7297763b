"""Simulated traffic of releases that are watched through a whole promote, judged as a rollout judges.

Log-normal times with a spread that both pools share in each part of the time, and one that is a pool's own;
some of the requests fail. A bad release is slower in all requests, or fails more often. Clients are many, and
some ask more than others (Zipf).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy

from relctl.config.environment import Rollout
from relctl.observation.figures import Figures, figures, with_error
from relctl.observation.judge import ANY, LAST, Compared, compare_after, compare_beside, judge
from relctl.observation.tally import Tally
from relctl.observation.watch import enough, step
from relctl.proxy.access_log_line import Request

SPREAD, SHARED, OF_ONE_POOL = 0.35, 0.15, 0.075  # standard deviations of the logarithm of milliseconds
MIDDLE = 2.5  # the logarithm of 12 ms
FAILING = 0.001  # of the previous release's requests
CLIENTS = 300
LOOKS = 12  # in a window; a promote looks more often, with bounds that do not mind
WEATHER = 120  # changes of a machine's mood in a window
BASELINE = 20_000  # requests before the switch, or as many as half a day has
HALF_A_DAY = 43_200.0


@dataclass(frozen=True)
class Watched:
    """Promotes of one kind: requests a day, and how much worse the release is."""

    policy: Rollout
    a_day: float
    slower: float = 1.0
    more_failing: float = 0.0

    def outcome(self, number: int) -> str:
        """Promote one: `taken back`, or how the last window ended: `healthy` or `kept`."""
        return _Promote(self, number).outcome()


class _Promote:
    """One simulated promote, drawn as time passes."""

    def __init__(self, kind: Watched, number: int) -> None:
        seed = (number, round(kind.a_day), round(1e6 * kind.slower), round(1e6 * kind.more_failing))
        self._draw, self._kind, self._now = numpy.random.default_rng(seed), kind, 0.0
        some = 1 / numpy.arange(1, CLIENTS + 1)
        self._clients = numpy.cumsum(some / some.sum())

    def outcome(self) -> str:
        before, found = self._baseline(), ""
        for percent in (*self._kind.policy.canary, 100):
            found = self._window(percent / 100, before)
            if found == "taken back":
                break
        return found

    def _baseline(self) -> Figures | None:
        seconds = min(BASELINE / self._kind.a_day * 86_400, HALF_A_DAY)
        tally = Tally()
        for _ in range(WEATHER):
            tally.add(self._span(seconds / WEATHER, {"old": 1.0}))
        [side] = tally.sides("old")
        found = with_error(figures(side), side)
        return found if found.decides else None

    def _window(self, share: float, before: Figures | None) -> str:
        policy, tally = self._kind.policy, Tally()
        for look in range(1, LOOKS + 1):
            for _ in range(WEATHER // LOOKS):
                shares = {"new": share, "old": 1 - share}
                tally.add(self._span(policy.observe / WEATHER, shares))
            compared = self._compared(tally, share, before)
            over = look == LOOKS or enough(policy, compared.release.requests)
            judgement = judge(policy, compared, LAST if over else ANY)
            chosen = step(policy, judgement, over=over, last=over)
            if chosen == "roll back":
                return "taken back"
            if chosen == "accept":
                return "healthy" if judgement.verdict == "healthy" else "kept"
        raise AssertionError("a window ends at its last look")

    def _compared(self, tally: Tally, share: float, before: Figures | None) -> Compared:
        policy = self._kind.policy
        if share == 1:
            return compare_after(tally, "new", before, policy)
        return compare_beside(tally, "new", "old", policy, before)

    def _span(self, seconds: float, shares: dict[str, float]) -> Iterator[Request]:
        weather, self._now = self._draw.normal(MIDDLE, SHARED), self._now + seconds
        for pool, share in shares.items():
            if share:
                yield from self._requests(pool, share * seconds * self._kind.a_day / 86_400, weather)

    def _requests(self, pool: str, expected: float, weather: float) -> Iterator[Request]:
        kind, new = self._kind, pool == "new"
        count = int(self._draw.poisson(expected))
        middle = self._draw.normal(weather, OF_ONE_POOL)
        took = numpy.exp(self._draw.normal(middle, SPREAD, count)) * (kind.slower if new else 1.0)
        failing = self._draw.random(count) < FAILING + (kind.more_failing if new else 0.0)
        clients = self._clients.searchsorted(self._draw.random(count))
        for milliseconds, fails, client in zip(took, failing, clients, strict=True):
            address, status = f"10.0.{client // 250}.{client % 250 + 1}", 500 if fails else 200
            yield Request(self._now, pool, "/", status, int(milliseconds), True, False, client=address)
