"""Describing how a container ended: out of memory, by a signal, or with an exit code; pure."""

import signal

from relctl.engine.protocol import Container

_SIGNAL = 128  # offset of signal numbers in exit codes, of shells and of a container's pid 1
_MEANINGS = {
    0: "it ended by itself, without an error",
    125: "the engine could not run it",
    126: "its command cannot be executed",
    127: "its command, or a library that it needs, was not found",
}
_UNITS = {"g": 1024**3, "m": 1024**2, "k": 1024}


def how_it_ended(container: Container) -> str:
    """Return its exit code and the meaning: `137, out of memory (limit 256m)`."""
    meaning = out_of_memory(container) or _of_code(container.exit_code)
    return f"{container.exit_code}, {meaning}" if meaning else f"{container.exit_code}"


def out_of_memory(container: Container) -> str:
    """Return `out of memory` and the limit if the kernel killed the container or a process of it for that."""
    if not container.out_of_memory:
        return ""
    limit = f" (limit {spelled(container.memory_limit)})" if container.memory_limit else ""
    return f"out of memory{limit}"


def restarted(container: Container | None) -> str:
    """Return how often the engine restarted it, after a comma; "" for never."""
    if container is None or not container.restarts:
        return ""
    times = "once" if container.restarts == 1 else f"{container.restarts} times"
    memory = out_of_memory(container)
    return f", restarted {times}{f', {memory}' if memory else ''}"


def spelled(size: int) -> str:
    """Format bytes as in a configuration file: 256m."""
    unit = next((unit for unit, factor in _UNITS.items() if size and size % factor == 0), "")
    return f"{size // _UNITS[unit]}{unit}" if unit else f"{size}"


def _of_code(code: int) -> str:
    if code in _MEANINGS:
        return _MEANINGS[code]
    try:
        return f"killed by {signal.Signals(code - _SIGNAL).name}"
    except ValueError:
        return ""
