"""Runs relctl and kills it at one of its side effects: `killed_at.py NUMBER ARGUMENT…`; SIGKILL, no undo.

A side effect is an event of the ledger, a move of the pointer, a start or removal of a container; each counts
twice, just before and just after. It ends as relctl does when there are fewer than NUMBER.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from relctl.cli.start import main
from relctl.engine.docker import DockerEngine
from relctl.proxy.pointer import Pointer
from relctl.state.ledger import Ledger

left = int(sys.argv.pop(1))


def count() -> None:
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def mortal(effect: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **named: Any) -> Any:
        count()
        result = effect(*arguments, **named)
        count()
        return result

    return wrapped


for owner, name in ((Ledger, "append"), (Pointer, "move"), (DockerEngine, "start"), (DockerEngine, "remove")):
    setattr(owner, name, mortal(getattr(owner, name)))
main()
