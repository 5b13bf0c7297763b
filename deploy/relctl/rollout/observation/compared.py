"""Compare a release with the previous one, beside it or earlier."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relctl.config.environment import Rollout
from relctl.rollout.observation.figures import Figures, after, beside, figures, p95, with_error
from relctl.rollout.observation.traffic import Tally, Terms

if TYPE_CHECKING:
    from relctl.statistics.clusters import Ratio

_AT_ONCE = 10.0  # milliseconds: a client that leaves within them waited for nothing
_TWICE = 2.0  # times the previous latency is long, even if a policy does not limit p95
_UNKNOWN = 1_000.0  # milliseconds of patience if the previous latency is unknown


@dataclass(frozen=True)
class Compared:
    """A release, its reference (None: only limits apply), and the ratio of their p95.

    `p95_ratio` is None while there are too few requests to tell.
    """

    release: Figures
    reference: Figures | None = None
    p95_ratio: "Ratio | None" = None


def compare_beside(
    tally: Tally, slot: str, source: str, policy: Rollout, before: Figures | None = None
) -> Compared:
    """Compare two pools over the same time; `before` knows which client was a gateway."""
    [all_of_theirs] = tally.sides(source)
    gateway = before.gateway if before else all_of_theirs.gateway
    known = terms(policy, p95(all_of_theirs), gateway)
    ours, theirs = tally.sides(slot, source, terms=known)
    one, other = figures(ours), figures(theirs)
    return Compared(one, other, beside(ours, theirs, one, other))


def compare_after(tally: Tally, slot: str, before: Figures | None, policy: Rollout) -> Compared:
    """Compare a pool with the previous release's figures; if unknown, only with the limits."""
    if before is None:
        [everybody] = tally.sides(slot)
        [side] = tally.sides(slot, terms=terms(policy, None, everybody.gateway))
        return Compared(figures(side))
    [side] = tally.sides(slot, terms=terms(policy, before.p95_ms, before.gateway))
    release = with_error(figures(side), side)
    return Compared(release, before, after(release, before))


def terms(policy: Rollout, milliseconds: float | None, gateway: str) -> Terms:
    """Return the terms that follow from the previous release's p95 and gateway."""
    if milliseconds is None:
        return Terms(_UNKNOWN, _UNKNOWN, gateway)
    times = min(policy.max_p95_ratio, _TWICE)
    return Terms(_AT_ONCE + times * milliseconds, milliseconds, gateway)
