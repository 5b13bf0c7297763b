"""When an observation looks, and what follows from what it sees: pure decisions of the policy."""

from typing import Literal

from relctl.config.environment import Rollout
from relctl.rollout.observation.judgement import Judgement

Step = Literal["go on", "accept", "roll back"]


def decisive_looks(policy: Rollout, seconds: float) -> list[float]:
    """The seconds after which a window may end: at its end, and while it waits whenever it has doubled.

    Whoever looks often finds what they look for; so there are few looks at which a release is accepted.
    """
    found = [seconds]
    if policy.too_few != "wait" or not policy.wait_at_most:
        return found
    last = seconds + policy.wait_at_most
    while 0 < found[-1] * 2 < last:
        found.append(found[-1] * 2)
    return [*found, last]


def step(policy: Rollout, judgement: Judgement, *, decisive: bool, last: bool) -> Step:
    """Harm ends it at any look; health, and what is to be done about too few requests, at a decisive one."""
    if judgement.verdict == "unhealthy":
        return "roll back"
    if not decisive:
        return "go on"
    if judgement.verdict == "healthy":
        return "accept"
    if policy.too_few == "accept":
        return "accept" if judgement.within else "roll back"
    return "roll back" if last else "go on"
