"""Lets the threads of an engine give way to those that speak HTTP."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# An engine keeps every core busy. On equal terms with it, each short step of taking, refusing or
# answering a request waits for its turn on a core: at twice the capacity on two cores, refusals took
# seconds and not milliseconds (service/README.md, Measured). Only threads of this container give way
# to each other so; what it gets beside other containers is their cgroups' matter.
NICE = 15

_TASKS = Path("/proc/self/task")


@contextmanager
def giving_way() -> Iterator[None]:
    """Threads that a library starts within the block are of low priority; those of Python are not (Linux)."""
    before = _threads()
    yield
    started = _threads() - before
    for thread in started - {each.native_id for each in threading.enumerate()}:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.setpriority(os.PRIO_PROCESS, thread, NICE)


def _threads() -> set[int]:
    return {int(path.name) for path in _TASKS.iterdir()} if _TASKS.is_dir() else set()
