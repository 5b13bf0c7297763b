"""Time `relctl verify` beside a live release under load, and measure how much slower that answers.

    python benchmarks/verify.py [--pipeline pipelines/release.yaml] [--alone 20]

The translator is built and promoted, unproved, in a scratch copy of the project; then its release is
verified against itself as the live one, while clients ask live through Nginx, each with its next text after
an answer. Loss: the part of live's throughput that was missing in that time, compared with the time before
and after it. Share: the part of the machine's processors that the verification used (its containers and
relctl itself). The last line of output is one JSON object; the exit code is 1 when a limit is missed: the
time, or a loss larger than the share, or a request to live that failed. The verdict is printed, but has no
limit: on a machine without spare capacity `latency` may be unsure, and then it refuses.
"""

import argparse
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import docker

from machine import machine
from relctl.config.gates import Ask
from relctl.probe import traffic
from relctl.probe.traffic import Plan
from scratch import Scratch, translator_project
from service_parts import corpus

LIMITS = {"pipelines/quick.yaml": 60, "pipelines/verify.yaml": 90, "pipelines/release.yaml": 900}  # seconds
CLIENTS = 4  # without a pause: all that two cores give
CHUNK = 100  # requests between two looks at the clock


@dataclass(frozen=True)
class Stretch:
    """One span of time: seconds, live's answers, processor seconds of all and of live."""

    seconds: float
    replies: list[traffic.Reply]
    busy: float
    live: float
    own: float

    @property
    def per_second(self) -> float:
        """Return live's answers a second."""
        return len(self.replies) / self.seconds

    @property
    def others(self) -> float:
        """Return the processors used, on average, by all but live and this benchmark."""
        return (self.busy - self.live - self.own) / self.seconds


class Live:
    """The live release of a scratch project under load."""

    def __init__(self, scratch: Scratch) -> None:
        self._address = scratch.listen
        self._engine: Any = docker.from_env().api
        labels = [f"io.relctl.service={scratch.service}", "io.relctl.role=slot"]
        self._container = self._engine.containers(filters={"label": labels})[0]["Id"]
        self._sources = [source for source, _ in corpus.dataset("shop")]
        self._numbers = itertools.count(1_000_000)

    def while_(self, over: Callable[[], bool]) -> Stretch:
        """Load it until `over` returns true."""
        began, before = time.monotonic(), self._used()
        replies: list[traffic.Reply] = []
        while not over():
            numbers = itertools.islice(self._numbers, CHUNK)
            texts = [f"{number} {self._sources[number % len(self._sources)]}" for number in numbers]
            replies += traffic.send(self._address, texts, Plan(Ask(), CLIENTS, 30.0), lambda _: None)
        after = self._used()
        return Stretch(
            time.monotonic() - began, replies, *(b - a for a, b in zip(before, after, strict=True))
        )

    def _used(self) -> tuple[float, float, float]:
        """Return processor seconds so far: of the machine, of live's container, of this process."""
        ticks = [int(each) for each in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        busy = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")  # without idle and iowait
        found = self._engine.stats(self._container, stream=False, one_shot=True)
        return busy, found["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, time.process_time()


def verified(scratch: Scratch, tag: str, done: threading.Event) -> dict[str, Any]:
    """Verify against live; return the seconds and the result."""
    began = time.monotonic()
    try:
        found = scratch.run("verify", tag, "--json")
    finally:
        done.set()
    assert found.returncode in (0, 3), found.stderr
    gates = json.loads(found.stdout)["gates"]
    return {
        "seconds": round(time.monotonic() - began, 1),
        "verdict": "pass" if found.returncode == 0 else "fail",
        "gates": {gate["name"]: gate["seconds"] for gate in gates},
        "reasons": [gate["reason"] for gate in gates if gate["verdict"] != "pass"],
    }


def stretches(scratch: Scratch, tag: str, alone: float) -> tuple[dict[str, Any], list[Stretch]]:
    """Measure live alone for the given seconds, beside a verification, and alone again."""
    live = Live(scratch)
    found: dict[str, Any] = {}
    done = threading.Event()
    thread = threading.Thread(target=lambda: found.update(verified(scratch, tag, done)))
    say("live alone")
    measured = [live.while_(within(alone))]
    say("live beside a verification")
    thread.start()
    measured.append(live.while_(done.is_set))
    thread.join()
    say("live alone")
    measured.append(live.while_(within(alone)))
    return found, measured


def within(seconds: float) -> Callable[[], bool]:
    """Return a function that is true once the given seconds are over."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def figures(verification: dict[str, Any], measured: list[Stretch], limit: float) -> dict[str, Any]:
    """Return the result of the spans."""
    before, beside, after = measured
    alone = (before.per_second + after.per_second) / 2
    idle = (before.others + after.others) / 2  # what the machine does besides, engine and Nginx included
    cores = os.cpu_count() or 1
    loss, share = 1 - beside.per_second / alone, (beside.others - idle) / cores
    wrong = [reply for stretch in measured for reply in stretch.replies if reply.status != 200]
    return {
        "verification": verification,
        "limit_seconds": limit,
        "live": {
            "clients": CLIENTS,
            "requests": sum(len(stretch.replies) for stretch in measured),
            "failed": len(wrong),
            "per_second": [round(stretch.per_second, 1) for stretch in measured],
            "p50_ms": [
                round(1000 * median(reply.seconds for reply in stretch.replies), 1) for stretch in measured
            ],
        },
        "loss_of_throughput": round(loss, 3),
        "share_of_processors": round(share, 3),
        "reached": verification["seconds"] <= limit and loss < share and not wrong,
    }


def say(words: str) -> None:
    """Print the progress of the benchmark."""
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Measure and print the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pipeline", choices=sorted(LIMITS), default="pipelines/verify.yaml")
    parser.add_argument(
        "--alone", type=float, default=20.0, help="seconds of live alone, before and again after"
    )
    options = parser.parse_args()
    pipeline = options.pipeline
    with translator_project() as scratch:
        say("building and promoting the translator")
        tag = scratch.build("1.0.0")
        scratch.ok("promote", tag, "--force", "--reason", "it is only to be verified beside")
        scratch.environ["RELCTL_PIPELINE"], scratch.timeout = pipeline, 2 * LIMITS[pipeline]
        found = figures(*stretches(scratch, tag, options.alone), LIMITS[pipeline])
    print(json.dumps({"benchmark": "verify", "pipeline": pipeline, **found, "machine": machine()}))
    return 0 if found["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
