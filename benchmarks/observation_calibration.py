"""Count how the observation judges simulated releases, by requests a day.

    nice python benchmarks/observation_calibration.py [--promotes 300] [--a-day 10000,50000,1000000]

Each is a whole promote under the policy of production.yaml, with the rollout's own decisions: canary steps,
the switch, looks in between. An equally good release must not be rolled back; one worse by twice the
policy's limit must not be kept if the traffic suffices to decide. Otherwise it may be kept for lack of
traffic, but not called healthy; `told` has the harm that shows, by requests a day. The last line is one JSON
object; the exit code is 1 if a limit is missed.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from calibration.traffic import BASELINE, FAILING, HALF_A_DAY, Watched
from machine import machine
from relctl.config.document import read
from relctl.config.environment import Rollout
from relctl.observation.judge import LAST
from relctl.statistics.clusters import NORMAL
from relctl.statistics.proportion import difference

PRODUCTION = Path(__file__).parents[1] / "deploy/environments/production.yaml"
MOST_TAKEN_BACK = 0.01  # of those that are as good
MOST_HEALTHY = 0.01  # of those worse by twice the limit, called healthy
MOST_KEPT = 0.01  # of those worse, where the traffic can tell
TELLS = 0.99  # of the promotes
ENOUGH_FOR_P95 = 1_000  # requests after the switch


@dataclass(frozen=True)
class Point:
    """Promotes of releases worse by `times` the policy's limit, and how they ended."""

    a_day: int
    worse: str
    times: float
    healthy: float
    kept: float
    taken_back: float


def kinds(policy: Rollout, a_day: int) -> Iterator[tuple[str, float, Watched]]:
    """Yield what is worse, by how many times the policy's limit, and promotes of that kind."""
    yield "nothing", 0.0, Watched(policy, a_day)
    for times in (2.0, 5.0, 25.0):
        yield "failures", times, Watched(policy, a_day, more_failing=times * policy.max_error_rate)
    yield "p95", 2.0, Watched(policy, a_day, slower=1 + 2 * (policy.max_p95_ratio - 1))


def curve(policy: Rollout, a_day: int, promotes: int) -> Iterator[Point]:
    """Simulate every kind of promote; print each point to standard error."""
    with get_context("spawn").Pool(len(os.sched_getaffinity(0))) as pool:
        for worse, times, kind in kinds(policy, a_day):
            found = Counter(pool.imap_unordered(kind.outcome, range(promotes), chunksize=5))
            parts = [found[each] / promotes for each in ("healthy", "kept", "taken back")]
            point = Point(a_day, worse, times, *parts)
            print(point, file=sys.stderr, flush=True)
            yield point


def can_tell(policy: Rollout, point: Point) -> bool:
    """Return whether the requests after the switch suffice, by probability and not by the outcome.

    They are where even the fewest failures that 99 of 100 windows have are more than the limit allows, by
    exact bounds; of times a thousand are enough.
    """
    requests = point.a_day / 86_400 * policy.observe
    if point.worse != "failures":
        return requests >= ENOUGH_FOR_P95
    before = min(BASELINE, point.a_day / 86_400 * HALF_A_DAY)
    expected = requests * (FAILING + point.times * policy.max_error_rate)
    fewest = max(expected - NORMAL.inv_cdf(0.99) * expected**0.5, 0.0)
    found = difference((fewest, requests), (FAILING * before, before), LAST.confidence)
    return found[0] > policy.max_error_rate


def figures(policy: Rollout, points: list[Point]) -> dict[str, dict[str, float]]:
    """Return the worst of the figures with a limit."""
    same = max(point.taken_back for point in points if point.times == 0)
    bad = [point for point in points if point.times >= 2]
    telling = [point for point in bad if can_tell(policy, point)]
    return {
        "as_good_taken_back": {"worst": same, "limit": MOST_TAKEN_BACK},
        "twice_the_limit_called_healthy": {"worst": max(each.healthy for each in bad), "limit": MOST_HEALTHY},
        "kept_where_the_traffic_can_tell": {
            "worst": max((each.kept + each.healthy for each in telling), default=0.0),
            "limit": MOST_KEPT,
        },
    }


def told(points: list[Point]) -> dict[str, dict[str, list[float]]]:
    """Return by requests a day the multiple of the limit that shows in nearly all promotes."""
    found: dict[str, dict[str, list[float]]] = {}
    for point in points:
        if point.times:
            shown = found.setdefault(str(point.a_day), {}).setdefault(point.worse, [])
            shown.extend([point.times] if point.taken_back >= TELLS else [])
    return found


def main() -> int:
    """Simulate and print the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--promotes", type=int, default=300, help="simulated promotes for each point")
    parser.add_argument("--a-day", default="10000,20000,50000,200000,1000000", help="requests a day")
    options = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one process a core; more threads would be in each other's way
    policy = Rollout.model_validate(read(PRODUCTION).data["rollout"])
    sizes = [int(each) for each in options.a_day.split(",")]
    points = [point for a_day in sizes for point in curve(policy, a_day, options.promotes)]
    found = figures(policy, points)
    reached = all(each["worst"] <= each["limit"] for each in found.values())
    result: dict[str, Any] = {"benchmark": "observation_calibration", **vars(options), "figures": found}
    result |= {"reached": reached, "told": told(points), "curve": [asdict(point) for point in points]}
    print(json.dumps(result | {"machine": machine()}))
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
