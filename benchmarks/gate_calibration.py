"""Count how often the gates `quality` and `latency` promote simulated releases, good and bad ones.

    nice python benchmarks/gate_calibration.py [--releases 1000]

The decisions are the gates' own functions, with the thresholds of pipelines/verify.yaml and release.yaml, on
the samples of the pipeline, on the minimum that the gates allow, and on one fewer. calibration/sentences.py
and calibration/requests.py simulate the releases. The last line of output is one JSON object: the whole
operating curve, and the figures with limits (calibration/points.py); the exit code is 1 if one is missed.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import PurePosixPath
from typing import Any

from calibration import requests, sentences
from calibration.points import Point, figures
from machine import machine
from relctl.config.gates import LatencySettings, QualitySettings
from relctl.config.pipeline import load_pipeline
from scratch import ROOT

PIPELINES = ("pipelines/verify.yaml", "pipelines/release.yaml")
Promoted = Callable[[Callable[[int], bool]], float]


def points(pipeline: str, promoted: Promoted) -> Iterator[Point]:
    """Yield the curve of both gates under the thresholds of one pipeline."""
    for settings in load_pipeline(ROOT, PurePosixPath(pipeline)).gates:
        if isinstance(settings, QualitySettings):
            for sample, worse, times, found in sentences.releases(settings):
                part = promoted(found.is_promoted)
                yield Point("quality", pipeline, sample, found.sizes, worse, times, part, found.truth())
        elif isinstance(settings, LatencySettings):
            for sample, worse, times, slow in requests.releases(settings):
                size = {"rounds": slow.rounds, "requests": slow.rounds * slow.requests}
                part = promoted(slow.is_promoted)
                yield Point("latency", pipeline, sample, size, worse, times, part, slow.truth())


def said(point: Point) -> Point:
    """Print a point to standard error and return it."""
    words = f"{point.times_margin:g} times the margin worse in {point.worse}"
    print(
        f"{point.pipeline} {point.gate}, {point.sample} sample {point.size}, {words}: {point.promoted:.4f}",
        file=sys.stderr,
        flush=True,
    )
    return point


def part_of(pool: Pool, releases: int, is_promoted: Callable[[int], bool]) -> float:
    """Return the share of the given number of releases that is promoted."""
    return sum(pool.map(is_promoted, range(releases), chunksize=max(1, releases // 20))) / releases


def results(curve: list[Point], releases: int) -> dict[str, Any]:
    """Return the result: the worst of each figure with its limit, and the curve."""
    held = {gate: figures(gate, curve, releases) for gate in ("quality", "latency")}
    return {
        "benchmark": "gate_calibration",
        "releases": releases,
        "figures": {
            gate: {
                each.name: {"worst": round(each.worst, 4), "limit": round(each.limit, 4)} for each in found
            }
            for gate, found in held.items()
        },
        "reached": all(each.holds for found in held.values() for each in found),
        "curve": [asdict(point) for point in curve],
        "machine": machine(),
    }


def main() -> int:
    """Simulate everything and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--releases", type=int, default=1_000, help="simulated releases for each point")
    releases = parser.parse_args().releases
    # One process a core; more threads in each would only be in each other's way.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with get_context("spawn").Pool(len(os.sched_getaffinity(0))) as pool:
        promoted = partial(part_of, pool, releases)
        curve = [said(point) for pipeline in PIPELINES for point in points(pipeline, promoted)]
    found = results(curve, releases)
    print(json.dumps(found))
    return 0 if found["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
