"""Start a program in a process group of its own, measure its memory, and end it in any case."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PROC = Path("/proc")


@dataclass(frozen=True)
class Group:
    """A process and its descendants; they write to `log`."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        """Whether the first process has not ended."""
        return self.process.poll() is None

    def members(self) -> list[int]:
        """Return the process identifiers of all."""
        numbers = [int(path.name) for path in _PROC.iterdir() if path.name.isdigit()]
        return [number for number in numbers if _group_of(number) == self.process.pid]

    def memory(self, kind: str = "Pss") -> int:
        """Return bytes of memory; a page that several processes share counts in parts.

        `Pss_Anon` leaves files out, which programs that have nothing to do with this one may share as well.
        https://docs.kernel.org/filesystems/proc.html (smaps_rollup)
        """
        return sum(_memory_of(number, kind) for number in self.members())

    def words(self) -> str:
        """Return the end of what it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def end(self) -> None:
        """Stop all of it: at once, as none of it has anything to lose."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[Group]:
    """Run a program for the time of the block."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    group = Group(process, log)
    try:
        yield group
    finally:
        group.end()


class Scales:
    """Measure a group's memory repeatedly while the block runs."""

    def __init__(self, group: Group, every: float, kind: str = "Pss") -> None:
        """`every`: seconds; `kind`: as of Group.memory."""
        self._group, self._every, self._kind = group, every, kind
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._weigh, daemon=True)
        self.samples: list[tuple[float, int]] = []
        """Times of time.perf_counter, and bytes."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def peak(self) -> int:
        """Bytes."""
        return max(weight for _, weight in self.samples)

    def _weigh(self) -> None:
        while True:
            self.samples.append((time.perf_counter(), self._group.memory(self._kind)))
            if self._over.wait(self._every):
                return


def _group_of(number: int) -> int:
    try:
        stat = (_PROC / str(number) / "stat").read_text()
    except OSError:
        return 0  # it has ended
    return int(stat.rpartition(")")[2].split()[2])


def _memory_of(number: int, kind: str) -> int:
    try:
        rollup = (_PROC / str(number) / "smaps_rollup").read_text()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{kind}:"))
