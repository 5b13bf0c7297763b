"""Find what the container leaves to this process, CPUs and memory, and what it uses of them."""

import math
import os
import threading
import time
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def available_cpus(cgroup: Path = CGROUP) -> int:
    """Return the CPUs that can do work for this process: its affinity mask, at most its quota rounded up.

    `docker run --cpus 1.5` sets a quota and leaves the mask alone, so on a large host the mask by
    itself would start one model replica per core and have them throttled.
    """
    usable = len(os.sched_getaffinity(0))
    quota = cpu_quota(cgroup)
    return usable if quota is None else max(1, min(usable, math.ceil(quota)))


def cpu_quota(cgroup: Path) -> float | None:
    """Return the CPUs that the cgroup grants, or None without a limit (`max` in version 2, -1 in version 1).

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
    https://docs.kernel.org/scheduler/sched-bwc.html#management
    """
    first = cgroup / "cpu"
    text = _read(cgroup / "cpu.max") or (
        _read(first / "cpu.cfs_quota_us") + " " + _read(first / "cpu.cfs_period_us")
    )
    quota, _, period = text.partition(" ")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def memory_limit(cgroup: Path = CGROUP) -> int:
    """Return the bytes this process may use: the cgroup's limit, or the machine's memory if that is less."""
    limit = _read(cgroup / "memory.max") or _read(cgroup / "memory" / "memory.limit_in_bytes")
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(int(limit), physical) if limit.isdigit() else physical


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


_STATM = Path("/proc/self/statm")


class CpuMeter:
    """CPU time used between two readings, as a percentage of one CPU."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def percent(self) -> float:
        """Return the percent since the last call, or since the start; two busy CPUs give 200."""
        with self._lock:
            wall, cpu = time.monotonic(), time.process_time()
            elapsed, used = wall - self._wall, cpu - self._cpu
            self._wall, self._cpu = wall, cpu
        return round(100 * used / elapsed, 1) if elapsed > 0 else 0.0


def memory_percent(limit: int) -> float:
    """Return the resident memory of this process as a percentage of `limit` bytes."""
    # The second field is the resident set in pages: proc_pid_statm(5).
    resident = int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return round(100 * resident / limit, 1)
