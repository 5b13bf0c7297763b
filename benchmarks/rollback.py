"""Time `relctl rollback` as a whole process: to the warm standby, and to a stopped retained release.

    python benchmarks/rollback.py [--warm 21] [--stopped 7]

Three releases of the translator, no load. A warm rollback moves the pointer. One to the release that is
neither live nor the standby starts its container and waits until it is ready, warm and proved. The last line
is one JSON object; the exit code is 1 if a median misses its limit.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

from machine import machine
from scratch import RELCTL, Scratch, translator_project

WARM_LIMIT_S = 0.3
STOPPED_LIMIT_S = 2.5


def releases(project: Scratch) -> list[str]:
    """Build and promote three releases of the translator, unproved: a rollback asks for no evidence."""
    tags = []
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        print(f"building and promoting {version}", file=sys.stderr, flush=True)
        tags.append(project.build(version))
        project.ok("promote", tags[-1], "--force", "--reason", "only the way back is timed")
    return tags


def warm(project: Scratch) -> float:
    """Time one rollback to the standby, in seconds."""
    return _timed(project)


def stopped(project: Scratch, tags: list[str]) -> float:
    """Time one rollback to the stopped release, in seconds."""
    found = project.json("status")
    running = {found[role]["tag"] for role in ("live", "standby")}
    return _timed(project, next(tag for tag in tags if tag not in running))


def _timed(project: Scratch, *arguments: str) -> float:
    command = [str(RELCTL), "rollback", *arguments]
    began = time.perf_counter()
    subprocess.run(command, cwd=project.root, env=project.environ, check=True, capture_output=True)
    return time.perf_counter() - began


def figures(seconds: list[float], limit: float) -> dict[str, Any]:
    """Sum up runs, in seconds."""
    return {
        "runs": len(seconds),
        "median": round(statistics.median(seconds), 3),
        "min": round(min(seconds), 3),
        "max": round(max(seconds), 3),
        "limit": limit,
    }


def main() -> int:
    """Measure and print the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--warm", type=int, default=21)
    parser.add_argument("--stopped", type=int, default=7)
    options = parser.parse_args()
    with translator_project() as project:
        tags = releases(project)
        found = {
            "warm_s": figures([warm(project) for _ in range(options.warm)], WARM_LIMIT_S),
            "stopped_s": figures([stopped(project, tags) for _ in range(options.stopped)], STOPPED_LIMIT_S),
        }
    print(json.dumps({"benchmark": "rollback", **found, "machine": machine()}, ensure_ascii=False))
    return 0 if all(each["median"] <= each["limit"] for each in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
