"""The lock: one at a time, in words, and gone with its holder."""

import json
import math
import os
import pwd
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from relctl.errors import LockedError
from relctl.state.lock import ReleasableLock, Wait, age, at_work, duration, exclusive, is_held, only_looking

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


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill it, and come back when it has let go of everything."""
    with process:
        process.kill()


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


def test_whether_a_lock_is_held_is_known_without_taking_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    assert not path.exists()
    with holder(path) as process:
        assert is_held(path)
        process.kill()
    assert not is_held(path)


def test_who_is_apart_lets_others_have_the_lock_and_waits_to_have_it_again(tmp_path: Path) -> None:
    path, said, held = tmp_path / "lock", list[str](), list["subprocess.Popen[str]"]()

    def say(words: str) -> None:
        said.append(words)
        kill(held[0])

    turn = ReleasableLock(partial(exclusive, wait=Wait(math.inf, say)))
    with turn.taken(path, exclusive):
        with turn.apart():
            assert not is_held(path)
            held.append(holder(path))
        assert turn.held
        assert is_held(path)
    assert not is_held(path)
    assert said[0].startswith("waiting, 0 s: ")
    assert f"(pid {held[0].pid}) runs" in said[0]


def test_who_is_interrupted_while_waiting_to_have_it_again_holds_nothing(tmp_path: Path) -> None:
    def interrupt(_: Path) -> AbstractContextManager[None]:
        raise KeyboardInterrupt

    turn = ReleasableLock(interrupt)
    with pytest.raises(KeyboardInterrupt), turn.taken(tmp_path / "lock", exclusive), turn.apart():
        pass
    assert not turn.held
    assert not is_held(tmp_path / "lock")


def test_a_lock_is_free_after_an_error_inside_it(tmp_path: Path) -> None:
    def work() -> None:
        with exclusive(tmp_path / "lock"):
            raise RuntimeError("work went wrong")

    with pytest.raises(RuntimeError, match="work went wrong"):
        work()
    with exclusive(tmp_path / "lock"):
        pass


CHILD = """
import subprocess, sys, time
from pathlib import Path
from relctl.state.lock import exclusive
with exclusive(Path(sys.argv[1])):
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    print(child.pid, flush=True)
    time.sleep(60)
"""


def test_a_lock_dies_with_its_holder_and_not_with_what_that_has_started(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()
        process.wait()
        try:
            with exclusive(tmp_path / "lock"):
                pass
        finally:
            os.kill(child, signal.SIGKILL)


def test_who_waits_is_told_for_whom_and_goes_on_when_the_holder_is_killed(tmp_path: Path) -> None:
    said: list[str] = []
    with holder(tmp_path / "lock") as process:

        def say(words: str) -> None:
            said.append(words)
            kill(process)

        with exclusive(tmp_path / "lock", Wait(30.0, say)):
            held = at_work(tmp_path / "lock")
    assert said[0].startswith("waiting, 0 s of 30 s: ")
    assert f"(pid {process.pid}) runs `relctl" in said[0]
    assert f"(pid {os.getpid()}) runs `relctl" in held


def test_waiting_ends_with_its_time(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as process:
        began = time.monotonic()
        with (
            pytest.raises(LockedError, match=r"after 0 s of waiting: .*\) runs `relctl") as raised,
            exclusive(tmp_path / "lock", Wait(0.2, lambda _: None)),
        ):
            pytest.fail("two hold the lock")
        process.kill()
    assert 0.2 <= time.monotonic() - began < 30
    assert raised.value.exit_code == 4


def test_who_waits_for_two_locks_waits_no_longer_than_for_one(tmp_path: Path) -> None:
    said = list[str]()
    wait = Wait(30.0, said.append, waited=30.0)
    with holder(tmp_path / "lock") as process:
        with pytest.raises(LockedError), exclusive(tmp_path / "lock", wait):
            pytest.fail("two hold the lock")
        process.kill()
    assert said == []


def test_what_is_done_under_a_lock_is_no_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10**6, 100))  # a hundred seconds pass between any two looks at it
    wait = Wait(math.inf, lambda _: None)
    with exclusive(tmp_path / "lock", wait):
        monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.undo()
    with exclusive(tmp_path / "lock", wait):
        pass
    assert wait.waited == 0.0


def test_an_interrupt_ends_the_waiting_and_leaves_the_lock_to_its_holder(tmp_path: Path) -> None:
    class Interrupted(BaseException):
        pass

    def say(_words: str) -> None:
        raise Interrupted

    with holder(tmp_path / "lock") as process:
        with pytest.raises(Interrupted), exclusive(tmp_path / "lock", Wait(30.0, say)):
            pytest.fail("two hold the lock")
        assert f"(pid {process.pid})" in at_work(tmp_path / "lock")
        process.kill()
    with exclusive(tmp_path / "lock"):
        pass


def test_looking_takes_no_lock_and_makes_no_file(tmp_path: Path) -> None:
    with only_looking(tmp_path / "home" / "lock"):
        assert list(tmp_path.iterdir()) == []
    with holder(tmp_path / "lock") as process:
        with pytest.raises(LockedError), only_looking(tmp_path / "lock"):
            pytest.fail("it is taken")
        process.kill()


def test_the_owner_file_of_one_who_was_killed_is_not_taken_for_the_holders(tmp_path: Path) -> None:
    with exclusive(tmp_path / "lock"):
        owner = tmp_path / "lock.owner.json"
        owner.write_text(json.dumps(json.loads(owner.read_text()) | {"pid": 1}))
        assert at_work(tmp_path / "lock") == f"{ourselves()}, whose owner file cannot be read"
        owner.unlink()
        assert at_work(tmp_path / "lock") == f"{ourselves()}, whose owner file cannot be read"
    assert at_work(tmp_path / "lock") == ""


def ourselves() -> str:
    name = Path("/proc/self/comm").read_text().strip()
    return f"pid {os.getpid()} ({name}, of {pwd.getpwuid(os.getuid()).pw_name})"


NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "for 0 s"),
        (12.9, "for 12 s"),
        (192, "for 3 min 12 s"),
        (7500, "for 2 h 5 min"),
        (-5, "since 2026-11-20T12:00:05+00:00 (the clock went back)"),
    ],
)
def test_the_age_of_a_lock_is_told_in_words(seconds: float, words: str) -> None:
    assert age((NOW - timedelta(seconds=seconds)).isoformat(), NOW) == words


def test_an_age_that_cannot_be_told_is_left_as_it_is_written() -> None:
    assert age("yesterday", NOW) == "since yesterday"
    assert duration(59.99) == "59 s"
