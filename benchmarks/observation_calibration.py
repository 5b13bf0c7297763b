"""Counts how simulated releases fare under observation, good and bad ones: accepted, or taken back and why.

    nice python benchmarks/observation_calibration.py [--windows 500] [--observe 30] [--rate 400]

The policy is the default one, the decisions are the rollout's own, at every look of a window: in a canary
step with a quarter of the traffic, and after a switch. How traffic is simulated: calibration/traffic.py. The
last line is one JSON object, the whole operating curve; the exit code is 1 when more identical releases are
taken back as unhealthy, or more that are worse by twice the limit are accepted, than the limits say.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

from calibration.traffic import Watched
from machine import machine
from relctl.config.environment import Rollout

TIMES_LIMIT = (0.0, 0.5, 1.0, 2.0, 4.0)
SHARES = {"canary": 0.25, "switch": 1.0}
MOST_TAKEN_BACK = 0.05  # of identical releases, as unhealthy
MOST_ACCEPTED = 0.01  # of those worse by twice the limit


@dataclass(frozen=True)
class Point:
    """Windows of releases of one worth: the part of them that was accepted, and taken back by verdict."""

    watched: str
    worse: str
    times_limit: float
    accepted: float
    unhealthy: float
    not_enough_traffic: float


def kinds(policy: Rollout, rate: float) -> Iterator[tuple[str, str, float, Watched]]:
    """All windows: where, worse in what, by how many times what the policy allows, and the windows."""
    for name, share in SHARES.items():
        yield name, "nothing", 0.0, Watched(policy, rate, share)
        for times in TIMES_LIMIT[1:]:
            more, slower = times * policy.max_error_rate, 1 + times * (policy.max_p95_ratio - 1)
            yield name, "failures", times, Watched(policy, rate, share, more_failing=more)
            yield name, "p95", times, Watched(policy, rate, share, slower=slower)


def curve(policy: Rollout, rate: float, windows: int) -> Iterator[Point]:
    """Simulate every kind of window, and tell each point on standard error."""
    with get_context("spawn").Pool(len(os.sched_getaffinity(0))) as pool:
        for watched, worse, times, kind in kinds(policy, rate):
            found = Counter(pool.imap_unordered(kind.outcome, range(windows), chunksize=5))
            parts = [found[each] / windows for each in ("accepted", "unhealthy", "not enough traffic")]
            point = Point(watched, worse, times, *parts)
            print(point, file=sys.stderr, flush=True)
            yield point


def figures(points: list[Point]) -> dict[str, dict[str, float]]:
    """The worst of what has a limit."""
    same = max(point.unhealthy for point in points if point.times_limit == 0)
    twice = max(point.accepted for point in points if point.times_limit == 2)
    return {
        "identical_taken_back_as_unhealthy": {"worst": same, "limit": MOST_TAKEN_BACK},
        "twice_the_limit_accepted": {"worst": twice, "limit": MOST_ACCEPTED},
    }


def main() -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=500, help="simulated windows for each point")
    parser.add_argument("--observe", type=float, default=30.0, help="seconds of a window, and of waiting")
    parser.add_argument("--rate", type=float, default=400.0, help="requests a second in all")
    options = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one process a core; more threads would be in each other's way
    policy = Rollout().model_copy(update={"observe": options.observe, "wait_at_most": options.observe})
    points = list(curve(policy, options.rate, options.windows))
    found = figures(points)
    reached = all(each["worst"] <= each["limit"] for each in found.values())
    result: dict[str, Any] = {"benchmark": "observation_calibration", **vars(options), "figures": found}
    result |= {"reached": reached, "curve": [asdict(point) for point in points], "machine": machine()}
    print(json.dumps(result))
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
