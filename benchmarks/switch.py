"""Switches traffic under load by relctl's pointer and, beside it, by `nginx -s reload`.

    python benchmarks/switch.py [--promotes 20] [--rollbacks 180] [--rounds 10] [--connections 32]

The real translator in two slots; keep-alive POSTs without client retries. A request has failed when it gets
no 200 with a release in it; it is stale when it was sent after a switch had returned (and before the next
began) and another release answered. The two ways take turns, a round each, under the same load. The last
line is one JSON object; the exit code is 1 when a request of relctl's failed or was stale, or a limit was
missed.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine import machine
from relctl.probe.load import Load, Sample, Settled, failed, stale
from scratch import RELCTL, Scratch, free_port, translator_project

TEXT = {"text": "北京天气很好。"}
PAUSE = 0.1  # seconds between the requests of a client: the load must not starve what it measures
ROLLBACK_LIMIT_S = 0.3
POINTER_LIMIT_MS = 1.0


@dataclass
class Tally:
    """What one way of switching did to the requests."""

    switches: int = 0
    requests: int = 0
    failed: int = 0
    stale: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    moves_ms: list[float] = field(default_factory=list)

    def add(self, samples: list[Sample], spans: list[Settled]) -> None:
        """Count the requests of one round."""
        self.requests += len(samples)
        self.stale += len(stale(samples, spans))
        for sample in failed(samples):
            self.failed += 1
            self.errors[sample.error[:60]] = self.errors.get(sample.error[:60], 0) + 1

    def result(self) -> dict[str, Any]:
        """The tally as JSON."""
        found = {name: getattr(self, name) for name in ("switches", "requests", "failed", "stale", "errors")}
        if self.moves_ms:
            found["move_ms"] = {
                "median": round(statistics.median(self.moves_ms), 3),
                "max": max(self.moves_ms),
            }
        return found


@dataclass(frozen=True)
class Switch:
    """One switch: `act` does it, and after it only `release` may answer."""

    release: str
    act: Callable[[], float | None]


def round_of(listen: str, connections: int, live: str, switches: Iterator[Switch], tally: Tally) -> str:
    """Run switches under load and count; returns the release that is live at the end."""
    load = Load(listen, "/translate", TEXT, connections, PAUSE).start()
    spans, since = [], time.monotonic()
    load.wait_for(connections, within=60)
    for switch in switches:
        spans.append(Settled(live, since, time.monotonic()))
        moved = switch.act()
        since, live = time.monotonic(), switch.release
        tally.switches += 1
        tally.moves_ms += [moved] if moved is not None else []
        load.wait_for(connections // 2, within=60)
    samples = load.stop()
    tally.add(samples, [*spans, Settled(live, since, float("inf"))])
    return live


def relctl_round(
    project: Scratch, tags: list[str], live: str, promotes: int, rollbacks: int
) -> Iterator[Switch]:
    """Promote to the next release, then roll back and forth between the two slots, warm."""

    def move(*arguments: str) -> float:
        return float(project.json(*arguments)["switch_ms"])

    standby = ""
    for _ in range(promotes):
        standby, live = live, tags[(tags.index(live) + 1) % len(tags)]
        yield Switch(live, lambda live=live: move("promote", live))  # type: ignore[misc]
        for _ in range(rollbacks // promotes):
            standby, live = live, standby
            yield Switch(live, lambda: move("rollback"))


class Reloading:
    """An Nginx that is switched as most are: the upstream is written anew, then `nginx -s reload`."""

    def __init__(self, folder: Path, slots: dict[str, str]) -> None:
        self.folder, self.slots = folder, slots
        self.listen = f"127.0.0.1:{free_port()}"
        self.config = folder / "nginx.conf"
        self.command = [str(shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"))]
        self.command += ["-p", str(folder), "-e", str(folder / "error.log"), "-c", str(self.config)]

    def write(self, release: str) -> None:
        """Write the configuration that sends everything to one release."""
        self.config.write_text(f"""
            worker_processes auto; pid {self.folder}/pid; events {{ worker_connections 8192; }}
            http {{
                access_log off; keepalive_timeout 75s; keepalive_requests 100000;
                upstream live {{ server {self.slots[release]}; keepalive 64; keepalive_timeout 50s; }}
                server {{
                    listen {self.listen};
                    location / {{
                        proxy_pass http://live; proxy_http_version 1.1; proxy_set_header Connection "";
                    }}
                }}
            }}""")

    def switch(self, release: str) -> None:
        """Switch, and return as soon as Nginx says that it was told."""
        self.write(release)
        subprocess.run([*self.command, "-s", "reload"], check=True)

    @contextlib.contextmanager
    def running(self, release: str) -> Iterator[None]:
        """Run it for the time of the block."""
        self.folder.mkdir()
        self.write(release)
        subprocess.run(self.command, check=True)
        try:
            yield
        finally:
            os.kill(int((self.folder / "pid").read_text()), signal.SIGQUIT)

    def switches(self, live: str, number: int) -> Iterator[Switch]:
        """Switch between the two releases that run."""
        for _ in range(number):
            live = next(release for release in self.slots if release != live)
            yield Switch(live, lambda live=live: self.switch(live))  # type: ignore[misc]


def releases(project: Scratch) -> list[str]:
    """Build and verify three releases; the second brings the other model."""
    tags = []
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        print(f"building and verifying {version}", file=sys.stderr, flush=True)
        tags.append(project.proved(version))
    return tags


def slots(project: Scratch) -> dict[str, str]:
    """Return the address of each release that runs, live and standby."""
    found = project.json("status")
    return {found[role]["tag"]: found[role]["address"] for role in ("live", "standby")}


def rollback_times(project: Scratch, runs: int) -> list[float]:
    """Time warm rollbacks as whole processes, without load."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(
            [str(RELCTL), "rollback"], cwd=project.root, env=project.environ, check=True, capture_output=True
        )
        times.append(time.perf_counter() - started)
    return times


def measure(project: Scratch, options: argparse.Namespace) -> dict[str, Any]:
    """Run the rounds, pointer and reload in turn."""
    tags = releases(project)
    for tag in tags[:2]:
        project.ok("promote", tag)
    idle = rollback_times(project, options.idle_rollbacks)
    pointer, reload = Tally(), Tally()
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        live = project.json("status")["live"]["tag"]
        moves = relctl_round(
            project, tags, live, options.promotes // options.rounds, options.rollbacks // options.rounds
        )
        round_of(project.listen, options.connections, live, moves, pointer)
        running = slots(project)
        other = Reloading(project.state / f"reload-{number}", running)
        first = next(iter(running))
        with other.running(first):
            count = (options.promotes + options.rollbacks) // options.rounds
            round_of(other.listen, options.connections, first, other.switches(first, count), reload)
    return {
        "connections": options.connections,
        "promotes": options.promotes,
        "pointer": pointer.result(),
        "reload": reload.result(),
        "warm_rollback_s": {
            "runs": len(idle),
            "median": round(statistics.median(idle), 3),
            "min": round(min(idle), 3),
            "max": round(max(idle), 3),
            "limit": ROLLBACK_LIMIT_S,
        },
        "move_limit_ms": POINTER_LIMIT_MS,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--promotes", type=int, default=20)
    parser.add_argument("--rollbacks", type=int, default=180)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--idle-rollbacks", type=int, default=21)
    options = parser.parse_args()
    with translator_project() as project:
        result = {"benchmark": "switch", **measure(project, options), "machine": machine()}
    print(json.dumps(result, ensure_ascii=False))
    pointer = result["pointer"]
    kept = pointer["failed"] == pointer["stale"] == 0 and pointer["move_ms"]["median"] <= POINTER_LIMIT_MS
    return 0 if kept and result["warm_rollback_s"]["median"] <= ROLLBACK_LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
