"""Fault points: places where a test can kill this process, to examine what a crash leaves behind.

Every change to the outside world is wrapped in an `effect`, which has one point before and one after it.
"""

import contextlib
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from relctl.errors import UsageError

VARIABLE = "RELCTL_FAULT"

Effect = Literal[
    "step",
    "lock.take",
    "lock.release",
    "ledger.write",
    "ledger.sync",
    "file.write",
    "file.sync",
    "file.rename",
    "file.remove",
    "folder.make",
    "folder.open",
    "folder.sync",
    "link.make",
    "link.rename",
    "network.make",
    "container.stop",
    "container.remove",
    "container.create",
    "container.start",
    "image.name",
    "image.unname",
    "nginx.test",
    "nginx.start",
    "nginx.reload",
    "nginx.retire",
    "notify",
]

_KILL = re.compile(r"kill:((?:before|after):([a-z]+(?:\.[a-z]+)?)(?::\S+)?)#([1-9]\d*)")
_armed: list[Callable[[str], None]] = []  # called at each point; empty outside tests
_passed: Counter[str] = Counter()  # how often each point was passed since it was armed


@contextlib.contextmanager
def effect(name: Effect, of: str = "") -> Iterator[None]:
    """Wrap a change to the outside world; `of` distinguishes effects of one kind. A no-op without a fault.

    The points are `before:NAME:OF` and `after:NAME:OF`; if the block raises, the second is not passed.
    """
    point("before", name, of)
    yield
    point("after", name, of)


def point(when: Literal["before", "after"], name: Effect, of: str = "") -> None:
    """Pass one point, for an effect that has no block of its own."""
    for each in _armed:
        passed = ":".join([when, name, of] if of else [when, name])
        _passed[passed] += 1
        each(f"{passed}#{_passed[passed]}")


def arm(setting: str | None) -> str:
    """Apply the value of RELCTL_FAULT to every point from now on; return a description of it.

    `kill:POINT#N` sends this process SIGKILL the Nth time it passes a point; `record:FILE` appends each
    point and its count to a file. None means no fault. Raises UsageError for any other value.
    """
    _armed.clear()
    _passed.clear()
    if setting is None:
        return ""
    found = _KILL.fullmatch(setting)
    if found and found[2] in get_args(Effect):
        _armed.append(partial(_kill, f"{found[1]}#{found[3]}"))
        return f"{VARIABLE} is set: this process kills itself at {found[1]}#{found[3]}"
    kind, _, file = setting.partition(":")
    if kind == "record" and Path(file).is_absolute() and Path(file).parent.is_dir():
        _armed.append(partial(_record, Path(file)))
        return f"{VARIABLE} is set: what could be killed is written to {file}"
    raise UsageError(
        f"{VARIABLE}={setting}: neither kill:POINT#N with a known point nor record:FILE",
        f"unset {VARIABLE}: it is for relctl's own tests alone",
    )


def _kill(doomed: str, name: str) -> None:
    if name == doomed:
        os.kill(os.getpid(), signal.SIGKILL)


def _record(file: Path, name: str) -> None:
    with file.open("a", encoding="utf-8") as points:
        points.write(f"{name}\n")
