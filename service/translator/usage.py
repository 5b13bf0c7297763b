"""Measures what this process uses of its CPUs and its memory."""

import os
import threading
import time
from pathlib import Path

_STATM = Path("/proc/self/statm")


class CpuMeter:
    """CPU time used between two readings, as a percentage of one CPU."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def percent(self) -> float:
        """Percent since the last call, or since the start; two busy CPUs give 200."""
        with self._lock:
            wall, cpu = time.monotonic(), time.process_time()
            elapsed, used = wall - self._wall, cpu - self._cpu
            self._wall, self._cpu = wall, cpu
        return round(100 * used / elapsed, 1) if elapsed > 0 else 0.0


def memory_percent(limit: int) -> float:
    """Resident memory of this process as a percentage of `limit` bytes."""
    # The second field is the resident set in pages: proc_pid_statm(5).
    resident = int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return round(100 * resident / limit, 1)
