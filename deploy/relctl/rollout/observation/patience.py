"""Decide when a window ends, and what follows from it: pure decisions of the policy."""

from typing import Literal

from relctl.config.environment import Rollout
from relctl.rollout.observation.judgement import Judgement

Step = Literal["go on", "accept", "roll back"]


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
