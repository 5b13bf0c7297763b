"""Signals end a command once: the same wish said again does not end what is being undone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from relctl.state import signals
from relctl.state.signals import Interrupted, end_by_signals
from still_clock import StillClock

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> StillClock:
    """Time passes where a test says so: on a machine that stalls, nothing need follow at once."""
    made = StillClock()
    monkeypatch.setattr(signals, "time", made)
    return made


@pytest.fixture(autouse=True)
def handlers(clock: StillClock) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    end_by_signals()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_of_them_ends_it_with_its_exit_code(number: signal.Signals) -> None:
    with pytest.raises(Interrupted, match=number.name) as raised:
        signal.raise_signal(number)
    assert raised.value.exit_code == 128 + number


def test_one_that_follows_at_once_does_not_end_the_undoing() -> None:
    undone = []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            undone.append("all")

    with pytest.raises(Interrupted, match="SIGINT"):
        work()
    assert undone == ["all"]


def test_one_that_comes_later_ends_what_the_first_could_not(clock: StillClock) -> None:
    with pytest.raises(Interrupted):
        signal.raise_signal(signal.SIGINT)
    clock.sleep(0.25)
    with pytest.raises(Interrupted):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number", SIGNALS)
def test_one_that_is_ignored_at_the_start_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    end_by_signals()
    signal.raise_signal(number)
    assert signal.getsignal(number) is signal.SIG_IGN


TWICE = """
import atexit, signal, sys
from relctl.state.signals import end_by_signals, heed_no_more
end_by_signals()
{heed}
class Last:
    def __del__(self, kill=signal.raise_signal):
        kill(2)
sys.last = Last()  # goes while Python closes, after it has given the signals back
sys.exit(130)
"""


@pytest.mark.parametrize(("heed", "code"), [("heed_no_more()", 130), ("", -signal.SIGINT)])
def test_one_that_comes_while_python_closes_changes_no_exit_code(heed: str, code: int) -> None:
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", TWICE.format(heed=heed)], env=environ, check=False)
    assert done.returncode == code
