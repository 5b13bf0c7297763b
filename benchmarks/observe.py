"""Measure the cost of an observation: the share of one core for a canary behind a busy proxy.

    python benchmarks/observe.py [--rate 1000] [--seconds 30]

Another process writes the lines of two pools as Nginx does, one write a request, and renames the file
halfway. The figure is the processor time of the process that reads, counts and judges. The last line is
one JSON object; the exit code is 1 if a request was lost or the limit was missed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import machine
from relctl.config.environment import Rollout
from relctl.observation.judge import Compared, compare_beside
from relctl.observation.tally import Tally
from relctl.observation.watch import Watch, watch
from relctl.proxy.access_log import AccessLog

LIMIT = 0.05  # of one core, at 1,000 requests a second
LINE = (
    '{{"at":"2026-11-20T10:59:38+00:00","msec":{at:.3f},"pool":"{pool}","status":200,"method":"POST",'
    '"uri":"/translate","request_time":{took:.3f},"upstream":"172.31.250.2:8000","upstream_time":"{took:.3f}",'
    '"upstream_status":"200","bytes":131,"request_id":"fef9827a3ab00f507b9ed865635e9581",'
    '"client":"203.0.113.{client}"}}\n'
)


def write(path: Path, rate: int, seconds: float) -> None:
    """Write log lines at the given rate, like a proxy's; a twentieth of them are a canary's."""
    started, number = time.time(), 0
    file = path.open("ab", buffering=0)
    while number < rate * seconds:
        time.sleep(0.01)
        due = min(int((time.time() - started) * rate), int(rate * seconds))
        for each in range(number, due):
            pool = "green" if each % 20 == 0 else "blue"
            took = 0.002 + each * 7919 % 97 / 1000
            line = LINE.format(at=time.time(), pool=pool, took=took, client=each % 30)
            file.write(line.encode())
            if each == rate * seconds // 2:
                path.rename(path.with_name(f"{path.name}.1"))
                file = path.open("ab", buffering=0)
        number = due


def measure(rate: int, seconds: float) -> dict[str, Any]:
    """Observe a canary as promote does, two seconds longer than the log is written."""
    with tempfile.TemporaryDirectory(prefix="relctl-bench-") as folder:
        path = Path(folder) / "access.log"
        path.touch()
        command = [sys.executable, __file__, "--write", str(path)]
        with AccessLog(path) as log:
            writer = subprocess.Popen([*command, "--rate", str(rate), "--seconds", str(seconds)])
            wall, cpu = time.monotonic(), time.process_time()
            what = Watch("green", seconds + 2, 0.0, compare, lambda: None)
            watched = watch(log, what, Rollout(too_few="accept"), lambda _: None)
            cpu, wall = time.process_time() - cpu, time.monotonic() - wall
            writer.wait()  # a busy machine may be late with it
            late = sum(1 for _ in log.read())
    assert watched.reference is not None
    requests = round(watched.release.requests + watched.reference.requests) + late
    return {
        "rate": rate,
        "seconds": round(wall, 1),
        "requests": requests,
        "lost": int(rate * seconds) - requests,
        "verdict": watched.verdict,
        "share_of_a_core": round(cpu / wall, 4),
        "microseconds_each": round(1e6 * cpu / max(requests, 1), 1),
        "limit": LIMIT,
    }


def compare(tally: Tally) -> Compared:
    """Compare the canary's pool with the other one."""
    return compare_beside(tally, "green", "blue", Rollout())


def main() -> int:
    """Measure and print the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(options.write, options.rate, options.seconds)
        return 0
    result = {"benchmark": "observe", **measure(options.rate, options.seconds), "machine": machine()}
    print(json.dumps(result, ensure_ascii=False))
    return 0 if result["lost"] == 0 and result["share_of_a_core"] <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
