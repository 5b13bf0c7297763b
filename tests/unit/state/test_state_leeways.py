"""How long and how far: each leeway of what a host remembers, to the last unit on either side of it."""

import math
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from relctl.errors import LockedError
from relctl.state import lock
from relctl.state.event import Event, misfit
from relctl.state.evidence import EvidenceStore
from relctl.state.ledger import select
from relctl.state.lock import Wait, exclusive
from relctl.state.signals import held_back
from still_clock import StillClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StillClock:
    made = StillClock()
    monkeypatch.setattr(lock, "time", made)
    return made


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[Path]:
    """The path of a lock that somebody holds."""
    path = tmp_path / "lock"
    with exclusive(path):
        yield path


def test_a_wait_looks_every_moment_and_ends_when_its_time_is_over(taken: Path, clock: StillClock) -> None:
    wait = Wait(1.0, lambda _: None)
    with pytest.raises(LockedError, match="after 1 s of waiting"), exclusive(taken, wait):
        pytest.fail("two hold the lock")
    assert (clock.now, wait.waited) == (1_001.0, 1.0)
    assert {round(each, 6) for each in clock.slept} == {0.05}


def test_the_last_pause_of_a_wait_is_no_longer_than_what_is_left(taken: Path, clock: StillClock) -> None:
    with pytest.raises(LockedError), exclusive(taken, Wait(0.07, lambda _: None)):
        pytest.fail("two hold the lock")
    assert [round(each, 3) for each in clock.slept] == [0.05, 0.02]


def test_who_waits_is_told_so_every_five_seconds(taken: Path, clock: StillClock) -> None:
    said = list[str]()
    with pytest.raises(LockedError), exclusive(taken, Wait(12.0, said.append)):
        pytest.fail("two hold the lock")
    assert [words.partition(":")[0] for words in said] == [
        "waiting, 0 s of 12 s",
        "waiting, 5 s of 12 s",
        "waiting, 10 s of 12 s",
    ]
    assert clock.now == pytest.approx(1_012.0)


def test_without_a_limit_none_is_told(taken: Path, clock: StillClock) -> None:
    said = list[str]()

    def say(words: str) -> None:
        said.append(words)
        if len(said) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), exclusive(taken, Wait(math.inf, say)):
        pytest.fail("two hold the lock")
    assert [words.partition(":")[0] for words in said] == ["waiting, 0 s", "waiting, 5 s"]
    assert clock.now == pytest.approx(1_005.0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59.9, "59 s"), (60, "1 min 0 s"), (3_599, "59 min 59 s"), (3_600, "1 h 0 min"), (7_199, "1 h 59 min")],
)
def test_a_time_is_said_in_its_largest_units(seconds: float, words: str) -> None:
    assert lock.duration(seconds) == words


@pytest.mark.parametrize(
    ("member", "value", "fits"),
    [
        ("percent", 1, True),
        ("percent", 100, True),
        ("percent", 101, False),
        ("seconds", 0, True),
        ("seconds", 1e12, True),
        ("seconds", 1.1e12, False),
        ("slot", "green", True),
        ("slot", "", True),
    ],
)
def test_a_member_is_let_through_up_to_its_bounds(member: str, value: Any, fits: bool) -> None:
    assert (misfit({member: value}) == "") is fits


AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_events_are_selected_from_a_moment_on_and_the_last_of_them() -> None:
    events = [Event("pinned", tag=str(minute), at=f"2026-11-20T12:{minute:02}:00Z") for minute in range(3)]
    before = Event("pinned", tag="before", at="2026-11-20T11:59:59.999Z")
    assert [each.tag for each in select([before, *events], since=AT)] == ["0", "1", "2"]
    assert [each.tag for each in select(events, last=2)] == ["1", "2"]


def test_evidence_of_two_pipelines_is_kept_apart_by_twelve_digits(tmp_path: Path) -> None:
    path = EvidenceStore(tmp_path).path(f"sha256:{'1' * 64}", f"sha256:{'2' * 64}")
    assert path.name == f"{'1' * 64}-{'2' * 12}.json"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_what_ends_a_command_is_held_back_while_something_is_half_done(number: signal.Signals) -> None:
    came, seen = list[int](), list[int]()
    before = signal.signal(number, lambda got, _: came.append(got))
    try:
        with held_back():
            signal.raise_signal(number)
            seen = list(came)
    finally:
        signal.signal(number, before)
    assert (seen, came) == ([], [number])
