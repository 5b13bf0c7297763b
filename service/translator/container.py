"""Finds what the container leaves to this process: CPUs and memory."""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def available_cpus(cgroup: Path = CGROUP) -> int:
    """CPUs that can do work for this process: its affinity mask, at most its quota rounded up.

    `docker run --cpus 1.5` sets a quota and leaves the mask alone, so on a large host the mask by
    itself would start one model replica per core and have them throttled.
    """
    usable = len(os.sched_getaffinity(0))
    quota = cpu_quota(cgroup)
    return usable if quota is None else max(1, min(usable, math.ceil(quota)))


def cpu_quota(cgroup: Path) -> float | None:
    """CPUs that the cgroup grants, or None without a limit (`max` in version 2, -1 in version 1).

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
    """Bytes this process may use: the cgroup's limit, or the machine's memory if that is less."""
    limit = _read(cgroup / "memory.max") or _read(cgroup / "memory" / "memory.limit_in_bytes")
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(int(limit), physical) if limit.isdigit() else physical


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
