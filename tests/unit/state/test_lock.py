"""The lock: one at a time, in words, and gone with its holder."""

import subprocess
import sys
from pathlib import Path

import pytest

from relctl.errors import LockedError
from relctl.state.lock import exclusive

HOLD = """
import sys, time
from pathlib import Path
from relctl.state.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_relctl_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as process:
        with (
            pytest.raises(LockedError, match=rf"pid {process.pid}\) runs `relctl") as raised,
            exclusive(tmp_path / "lock"),
        ):
            pytest.fail("two hold the lock")
        process.kill()
    assert raised.value.exit_code == 4


def test_a_lock_dies_with_its_holder(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as process:
        process.kill()
        process.wait()
    with exclusive(tmp_path / "lock"):
        pass


def test_a_lock_is_free_after_an_error_inside_it(tmp_path: Path) -> None:
    def work() -> None:
        with exclusive(tmp_path / "lock"):
            raise RuntimeError("work went wrong")

    with pytest.raises(RuntimeError, match="work went wrong"):
        work()
    with exclusive(tmp_path / "lock"):
        pass
