"""Forecast from the last hours' traffic whether a promote's windows can be filled."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from relctl.config.environment import Rollout
from relctl.proxy.recent_traffic import unbroken
from relctl.rollout.host import Host
from relctl.statistics.proportion import difference, least_requests

_LATELY = 12 * 3600.0  # seconds
_MOST = 4 * 1024**2  # bytes of the log: about 15,000 requests
_SURE = 0.95
_BEFORE = 20_000  # requests that a release is compared with after the switch
_COUNTLESS = 1_000_000  # requests; more are not waited for
_UNITS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


@dataclass(frozen=True)
class Past:
    """The requests of the last `seconds`, and how many of them failed."""

    requests: int
    failed: int
    seconds: float

    @property
    def rate(self) -> float:
        """Return requests a second."""
        return self.requests / self.seconds if self.seconds > 0 else 0.0


def foretell(host: Host, canary: tuple[int, ...]) -> None:
    """Report for each window of a promote how many requests it will have and how many it needs."""
    for sentence in sentences(host.project.environment.rollout, canary, past(host)):
        host.say(sentence)


def past(host: Host) -> Past:
    """Read the last hours of the access log, no further back than can be read in a moment."""
    now = time.time()
    logged = unbroken([each for each in host.logged(None, None, _MOST) if each.asked])
    found = [each for each in logged if 0 <= now - each.ended <= _LATELY]
    began = min((each.ended for each in found), default=now)
    return Past(len(found), sum(each.fault for each in found), now - began)


def sentences(policy: Rollout, canary: tuple[int, ...], past: Past) -> Iterator[str]:
    """Forecast each window: every canary percentage, then all traffic after the switch."""
    if past.requests < policy.min_requests:
        yield (
            f"the access log has {past.requests} requests of the last {_time(_LATELY)}: too few to forecast"
            f" whether {_time(policy.observe)} can prove a release; {_else(policy)}"
        )
        return
    yield f"the last {_time(past.seconds)} had {past.requests:,} requests, {past.rate * 86_400:,.0f} a day"
    filled = True
    for percent in (*canary, 100):
        rate, needed = past.rate * percent / 100, requests_needed(policy, percent, past)
        filled &= rate * policy.observe >= needed
        yield _sentence(policy, percent, rate, needed)
    if not filled:
        yield f"with too few requests only greater harm is detectable; {_else(policy)}"


def requests_needed(policy: Rollout, percent: int, past: Past) -> int:
    """Return how many requests show a release to be healthy if it fails as often as the previous one."""
    part = past.failed / past.requests

    def enough(number: int) -> bool:
        beside = number * (100 - percent) / percent if percent < 100 else min(past.requests, _BEFORE)
        found = difference((part * number, number), (part * beside, beside), _SURE)
        return found[1] <= policy.max_error_rate

    number = least = max(policy.min_requests, least_requests(95.0))
    while number < _COUNTLESS and not enough(number):
        number = number * 5 // 4
    return max(number, least)


def _sentence(policy: Rollout, percent: int, rate: float, needed: int) -> str:
    where, expected = f"{percent} %" if percent < 100 else "all", rate * policy.observe
    begin = f"{where} will have about {expected:,.0f} requests in {_time(policy.observe)}"
    if expected >= needed:
        return f"{begin}: enough"
    takes = f"over {_COUNTLESS:,}" if needed >= _COUNTLESS else f"about {needed:,}, {_time(needed / rate)}"
    return f"{begin}; to be sure of {policy.max_error_rate:+.2%} takes {takes}"


def _else(policy: Rollout) -> str:
    return {
        "keep": "a release that shows none is kept (rollout.too_few: keep)",
        "accept": "it stays if what is measured is within the limits (rollout.too_few: accept)",
        "rollback": "it is rolled back then (rollout.too_few: rollback)",
        "wait": f"after {_time(policy.wait_at_most)} more it is rolled back (rollout.too_few: wait)",
    }[policy.too_few]


def _time(seconds: float) -> str:
    """Format a duration in the largest unit of which it has at least two."""
    size, unit = next((each for each in _UNITS if seconds >= 2 * each[0]), _UNITS[-1])
    return f"{seconds / size:,.0f} {unit}"
