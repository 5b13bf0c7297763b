"""A promote that watches, as a process of its own, and a hook that notes what it is told."""

import contextlib
import functools
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relctl.engine.slots import SLOTS
from scratch import RELCTL, Scratch, echo_project

# As in production: nothing here may take as long as that.
POLICY = {"RELCTL_ROLLOUT_OBSERVE": "30m", "RELCTL_ROLLOUT_CANARY": "[20]"}
UNWATCHED = ("--canary", "none", "--observe", "0s")
PHASES = {"canary": (), "window": ("--canary", "none")}  # where the promote watches, by how it is typed
SLOW_MS = 1500  # of a translation: two rounds of warming up take that twice


@dataclass(frozen=True)
class Stand:
    """Three proved releases."""

    project: Scratch
    first: str
    second: str
    third: str

    @functools.cached_property
    def slow(self) -> str:
        """One more, which is slow to become a standby again, and slow to prove."""
        return self.project.proved("0.9.0", delay_ms=SLOW_MS)

    def settle(self, standby: str = "") -> None:
        """Make the second live, and the first, or another one, the standby; forget what was told."""
        for tag in (standby or self.first, self.second):
            self.project.ok("promote", tag, *UNWATCHED)
        self.told.unlink(missing_ok=True)

    @property
    def told(self) -> Path:
        return self.project.root / "told.jsonl"

    def notified(self) -> list[tuple[str, str]]:
        """What the hook was told since it was settled: events and their tags."""
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        return [(found["event"], found["tag"]) for found in map(json.loads, lines)]

    def since_promoting(self) -> list[dict[str, Any]]:
        """The ledger from the last promote's beginning on."""
        events: list[dict[str, Any]] = self.project.json("history", "--since", "1d")
        return events[max(at for at, each in enumerate(events) if each["event"] == "promoting") :]

    @contextlib.contextmanager
    def watching(self, phase: str) -> Iterator["subprocess.Popen[str]"]:
        """Promote the third release until it is watched in a phase; killed at the end if it still runs."""
        command = [str(RELCTL), "promote", self.third, *PHASES[phase]]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=self.project.root, env=self.project.environ, **pipes) as process:
            try:
                self.wait_until(lambda found: is_watched(found, phase))
                yield process
            finally:
                process.kill()

    def wait_until(self, holds: Callable[[Any], bool]) -> None:
        """Look at the status until something holds."""
        deadline = time.monotonic() + 60
        while not holds(found := self.project.json("status")):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)


def is_watched(found: Any, phase: str) -> bool:
    """Whether the promote has come to a phase, and has let the lock go."""
    there = found["pointer"].endswith("-20") if phase == "canary" else found["observing"] is not None
    return there and bool(found["watching"]) and not found["at_work"]


def ended(process: "subprocess.Popen[str]", within: float = 120.0) -> tuple[int, str]:
    """Wait for the end of a process; returns its exit code and its words."""
    _, words = process.communicate(timeout=within)
    return process.returncode, words


def listen(process: "subprocess.Popen[str]", words: str) -> None:
    """Wait until a process says something on standard error."""
    assert process.stderr is not None
    heard = []
    while line := process.stderr.readline():
        heard.append(line)
        if words in line:
            return
    raise AssertionError(f"it ended without saying {words!r}: {''.join(heard)}")


@contextlib.contextmanager
def paused(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Let a process stand still during the block, with all that it holds; signals wait for it."""
    process.send_signal(signal.SIGSTOP)
    try:
        deadline = time.monotonic() + 30
        while state(process) not in ("T", "Z"):  # on another processor it runs on for a moment
            assert time.monotonic() < deadline, "it does not stand still"
            time.sleep(0.001)
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def state(process: "subprocess.Popen[str]") -> str:
    """How the kernel has a process: R as it runs, S as it sleeps, T as it stands still."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


@contextlib.contextmanager
def watcher_stand() -> Iterator[Stand]:
    """Yield the stand; nothing of it is left."""
    with echo_project() as project:
        hook = (
            "notify: [{on: [promoted, rolled-back, aborted],"
            ' run: [sh, -c, "cat >> told.jsonl; echo >> told.jsonl"]}]\n'
        )
        with (project.root / "deploy" / "environments" / "local.yaml").open("a") as file:
            file.write(hook)
        project.environ |= POLICY
        first, second, third = (project.proved(f"{number}.0.0") for number in (1, 2, 3))
        for slot in SLOTS:  # a route that has a folder stays, whatever is typed: Nginx reloads at no load
            (project.state / f"{project.service}-local" / "routes" / f"{slot}-20").mkdir(parents=True)
        yield Stand(project, first, second, third)
