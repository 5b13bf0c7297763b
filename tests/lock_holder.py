"""A process that holds a lock and does nothing else, until the block that needs it ends."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_HOLD = (
    "import sys; from pathlib import Path; from relctl.state.lock import exclusive\n"
    "with exclusive(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


@contextlib.contextmanager
def holding(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Hold the lock at `path`; it is let go of by SIGKILL, or when this process ends."""
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()
