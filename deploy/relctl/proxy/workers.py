"""Find Nginx's worker processes, including those whose master is gone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TITLE = b"nginx: worker process"


@dataclass(frozen=True)
class Worker:
    """One worker; `started`, in clock ticks since boot, distinguishes it from a later process of its pid."""

    pid: int
    started: int
    leaving: bool = field(compare=False)  # accepts no connections, finishes its requests


def find(error_log: Path) -> set[Worker]:
    """Return the workers of the Nginx that writes to `error_log`: each holds it as standard error.

    The parent cannot identify them: orphans have none. Only root sees another user's workers.
    """
    return {worker for process in Path("/proc").glob("[0-9]*") for worker in _worker(process, str(error_log))}


def serving(workers: set[Worker]) -> set[Worker]:
    """Return the workers that accept connections."""
    return {worker for worker in workers if not worker.leaving}


def _worker(process: Path, error_log: str) -> Iterator[Worker]:
    try:
        title = (process / "cmdline").read_bytes()
        if not title.startswith(_TITLE):
            return
        held = str((process / "fd" / "2").readlink())
        started = int((process / "stat").read_text().rpartition(")")[2].split()[19])
    except OSError:  # it has ended, or belongs to another user
        return
    # until USR1 it holds a rotated log under its new name (error.log.1, or "error.log.1 (deleted)")
    if held.startswith(error_log):
        yield Worker(int(process.name), started, b"shutting down" in title)
