"""The README's two commands on fresh machines: one line a machine, and one JSON line at the end.

PYTHONPATH=tests .venv/bin/python -m machines.try_readme [--only trixie] [--command demo]
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from machines.fresh import ROOT, Machine, machine, why_not

LOGS = ROOT / ".relctl" / "machines"
COMMANDS = ("demo", "test")
# Read in the machine, by the tools that setup has installed there.
VERSIONS = """
import docker, json, platform, subprocess
def said(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return (done.stdout + done.stderr).split()[-1].rpartition("/")[2]
client = docker.from_env()
print(json.dumps({
    "docker": client.version()["Version"].partition("+")[0],
    "store": "containerd" if "io.containerd" in str(client.info()["DriverStatus"]) else "classic",
    "nginx": said("nginx", "-v"),
    "mmdebstrap": said("mmdebstrap", "--version"),
    "python": platform.python_version(),
}))
"""


@dataclass(frozen=True)
class Kind:
    """A Debian release, with Docker's own choice of an image store or with containerd's."""

    suite: str
    containerd: bool = False

    @property
    def name(self) -> str:
        return f"{self.suite}-containerd" if self.containerd else self.suite


KINDS = (Kind("bookworm"), Kind("trixie"), Kind("forky"), Kind("trixie", containerd=True))


@dataclass
class Result:
    """What became of a machine: seconds by command, versions, and what failed, "" for nothing."""

    kind: Kind
    failed: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        took = ", ".join(f"make {name} {seconds:.0f} s" for name, seconds in self.seconds.items())
        having = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"{self.kind.name}: {f'FAILED: {self.failed}' if self.failed else 'passed'}; {took}; {having}"

    @property
    def record(self) -> dict[str, Any]:
        return {
            "machine": self.kind.name,
            "failed": self.failed,
            "seconds": self.seconds,
            "versions": self.versions,
        }


def attempt(kind: Kind, commands: list[str]) -> Result:
    """Type the commands on a fresh machine of its kind, until one fails."""
    result = Result(kind)
    try:
        with machine(kind.suite, kind.containerd) as made:
            for name in commands:
                if not typed(made, name, result):
                    return result
            result.versions = json.loads(made.ok(f".venv/bin/python -c '{VERSIONS}'").splitlines()[-1])
    except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
        result.failed = f"{result.failed} {error}".strip()
    if kind.containerd and result.versions.get("store") == "classic":
        result.failed = result.failed or "Docker has not taken containerd's image store"
    return result


def typed(made: Machine, name: str, result: Result) -> bool:
    """Type `make NAME`, with its output in a file; tells whether it succeeded."""
    log, began = LOGS / f"{result.kind.name}-{name}.log", time.monotonic()
    with log.open("w") as output:
        code = made.run(f"make {name}", output)
    result.seconds[name] = round(time.monotonic() - began, 1)
    if code != 0:
        last = "\n  ".join(log.read_text(errors="replace").splitlines()[-25:])
        print(f"make {name} on {result.kind.name}: exit code {code}\n  {last}", file=sys.stderr)
        result.failed = f"make {name}, exit code {code}: {log.relative_to(ROOT)}"
    return code == 0


def main() -> int:
    """Try all machines, one after the other; returns 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=[kind.name for kind in KINDS], action="append")
    parser.add_argument("--command", choices=COMMANDS, action="append")
    asked = parser.parse_args()
    reason = why_not()
    if reason:
        print(f"no machine can be made here: {reason}", file=sys.stderr)
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    results = []
    for kind in KINDS:
        if not asked.only or kind.name in asked.only:
            results.append(attempt(kind, asked.command or list(COMMANDS)))
            print(results[-1], flush=True)
    print(json.dumps([result.record for result in results]))
    return int(any(result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main())
