"""Promote and prune over two environments of one host, and roll back to every retained release.

    python benchmarks/retention.py [--cycles 500] [--retain 3] [--apart]

The echo service. A cycle is a promote, which prunes, and a prune, in the two environments in turn: the first
one builds, verifies and promotes a release; the second one promotes the oldest that the first one retains.
They share a state directory, or have one each with `--apart`. After each cycle one of the last `retain` tags
of that environment, another one each time, gets the traffic and returns it; at the end all of them do.

The last line is one JSON object; the exit code is 1 if a rollback failed, if a promote left something to
prune, or if images, evidence or cached layers grew.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import requests

from machine import machine
from scratch import Scratch, another_environment, echo_project


@dataclass(frozen=True)
class Disk:
    """The disk use of releases at one moment; layers in the engine count once."""

    images: int
    layer_bytes: int
    evidence_files: int
    cached_layers: int


@dataclass
class Side:
    """One environment: the tags promoted in it, oldest first, and its counts."""

    project: Scratch
    retain: int
    promoted: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    rollbacks: int = 0
    failed: list[str] = field(default_factory=list)

    def promote(self, tag: str, *options: str) -> None:
        """Promote, prune once more, and check that nothing was left to prune."""
        began = time.monotonic()
        self.project.ok("promote", tag, *options)
        self.seconds.append(time.monotonic() - began)
        self.promoted.append(tag)
        again = self.project.json("prune")
        if again["removed"]:
            self.failed.append(f"promote left {again['removed']} to prune")

    def go_back(self, tag: str) -> None:
        """Switch to a retained release, check that it answers, and switch back."""
        self.rollbacks += 1
        live = self.promoted[-1]
        for wanted in dict.fromkeys((tag, live)):
            done = self.project.run("rollback", wanted)
            answers = requests.get(f"http://{self.project.listen}/version", timeout=10).json()["tag"]
            if done.returncode or answers != wanted:
                self.failed.append(f"rollback to {wanted}: {answers} answers; {done.stderr.strip()}")

    def last(self) -> list[str]:
        """Return the tags that a rollback accepts, newest first."""
        return self.promoted[: -self.retain - 1 : -1]


class Run:
    """Two environments, and the disk after every cycle."""

    def __init__(self, first: Scratch, second: Scratch, retain: int) -> None:
        self.first, self.second, self.retain = Side(first, retain), Side(second, retain), retain
        self.built: list[str] = []
        self.layers: set[str] = set()
        self.disks: list[Disk] = []

    def cycle(self, number: int) -> None:
        """Promote in one of the two, and roll back to one of its last tags."""
        side = self.second if number % 2 and len(self.built) >= self.retain else self.first
        if side is self.first:
            side.promote(self._build(len(self.built) + 1))
        else:
            side.promote(self.built[-self.retain], "--force", "--reason", "proved beside it")
        kept = side.last()
        side.go_back(kept[number // 2 % len(kept)])
        self.disks.append(self._disk())

    def _build(self, number: int) -> str:
        project = self.first.project
        project.commit(f"{number}.0.0")
        built = project.json("build")
        project.ok("verify", built["tag"])
        self.built.append(built["tag"])
        self.layers |= {layer["digest"].removeprefix("sha256:") for layer in built["layers"]}
        return str(built["tag"])

    def _disk(self) -> Disk:
        project = self.first.project
        images, layer_bytes = engine_share(project.service)
        states = {side.project.state for side in (self.first, self.second)}
        cached = [path for state in states for path in (state / "cache" / "tars").glob("*.tar")]
        return Disk(
            images,
            layer_bytes,
            sum(1 for state in states for _ in (state / "evidence").glob("*")),
            len({path.stem for path in cached} & self.layers),
        )


def engine_share(service: str) -> tuple[int, int]:
    """Return how many images of a service the engine has, and the bytes of their layers."""
    from relctl.engine.docker import DockerEngine

    engine = DockerEngine()
    found = engine.images(f"io.relctl.service={service}")
    sizes = {image.id: engine.layer_sizes(image.id) for image in found}
    layers = {pair for image in found for pair in zip(image.layers, sizes[image.id], strict=False)}
    return len(found), sum(size for _, size in layers)


def grown(disks: list[Disk]) -> list[str]:
    """Name the figures that were larger in the second half than ever in the first, which has the warm-up."""
    half = len(disks) // 2
    figures = [asdict(disk) for disk in disks]
    return [
        name
        for name in figures[0]
        if max(each[name] for each in figures[half:]) > 1.02 * max(each[name] for each in figures[:half])
    ]


@contextlib.contextmanager
def environments(apart: bool) -> Iterator[tuple[Scratch, Scratch]]:
    """Yield two environments of one project."""
    with echo_project() as first:
        state = first.root.parent / "state-of-the-second" if apart else None
        with another_environment(first, "second", state) as second:
            yield first, second


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run the cycles, then roll back to every retained release."""
    began = time.monotonic()
    with environments(options.apart) as pair:
        pair[0].edit("versions.yaml", "(?m)^retain: .*", f"retain: {options.retain}")
        run = Run(*pair, options.retain)
        for number in range(options.cycles):
            run.cycle(number)
            if (number + 1) % 10 == 0 or number + 1 == options.cycles:
                print(f"cycle {number + 1}: {run.disks[-1]}", file=sys.stderr, flush=True)
        for side in (run.first, run.second):
            for tag in side.last():
                side.go_back(tag)
        return result(run, time.monotonic() - began) | {
            "state_directories": len({project.state for project in pair}),
            "ledger_bytes": [ledger_size(project) for project in pair],
        }


def ledger_size(project: Scratch) -> int:
    """Return the bytes of an environment's ledger, which grows and is never cut."""
    name = project.environ.get("RELCTL_ENV", "local")
    path: Path = project.state / f"{project.service}-{name}" / "ledger.jsonl"
    return path.stat().st_size


def result(run: Run, seconds: float) -> dict[str, Any]:
    """Return the result."""
    sides = (run.first, run.second)
    half = len(run.disks) // 2
    return {
        "cycles": len(run.disks),
        "retain": run.retain,
        "releases": len(run.built),
        "promotes": [len(side.promoted) for side in sides],
        "rollbacks": sum(side.rollbacks for side in sides),
        "failed": [words for side in sides for words in side.failed],
        "disk_at_half": asdict(run.disks[half]),
        "disk_at_end": asdict(run.disks[-1]),
        "most_images": max(disk.images for disk in run.disks),
        "grown": grown(run.disks),
        "promote_s": round(statistics.median(run.first.seconds + run.second.seconds), 3),
        "seconds": round(seconds, 1),
    }


def main() -> int:
    """Measure and print the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cycles", type=int, default=500)
    parser.add_argument("--retain", type=int, default=3)
    parser.add_argument("--apart", action="store_true", help="a state directory for each environment")
    options = parser.parse_args()
    found = {"benchmark": "retention", **measure(options), "machine": machine()}
    print(json.dumps(found, ensure_ascii=False))
    return 1 if found["failed"] or found["grown"] else 0


if __name__ == "__main__":
    sys.exit(main())
