"""Describe the machine of a measurement, as every benchmark prints it."""

import os
import platform
import subprocess


def machine() -> dict[str, str | int]:
    """Return processor, cores, memory and the relevant versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(memory / 1024**3),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "nginx": _nginx(),
    }


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - not a path of ours
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _nginx() -> str:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    done = subprocess.run(["nginx", "-v"], env={"PATH": path}, capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("/")[2]
