"""A ledger that somebody holds keeps no traffic waiting, and no command for ever; who holds it is named."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from quiet_host import Quiet, quiet_host
from relctl.errors import HeldFileError, NeedsPersonError
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from relctl.state import opening
from stands import FIRST, SECOND, THIRD
from still_clock import StillClock


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Quiet]:
    """2 is live, 1 stands by, 3 is proved, and this process holds the ledger by another descriptor."""
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        for tag in (FIRST, SECOND):
            promote(made.host, made.bench.proved(tag.version))
        made.bench.proved(THIRD.version)
        with made.host.paths.ledger.open("rb") as stranger:
            fcntl.flock(stranger, fcntl.LOCK_SH)
            yield made


@pytest.fixture
def clock(stand: Quiet, monkeypatch: pytest.MonkeyPatch) -> StillClock:
    """Tells how long a lock was waited for, however long the machine takes for everything else."""
    made = StillClock()
    monkeypatch.setattr(opening, "time", made)
    return made


def test_a_rollback_moves_the_traffic_and_says_what_could_not_be_written(
    stand: Quiet, clock: StillClock
) -> None:
    with pytest.raises(NeedsPersonError, match=f"{FIRST} is live, but that could not be recorded") as raised:
        rollback(stand.host, None)
    assert 0.5 <= sum(clock.slept) < 0.6  # in all, though there are several events to write
    assert f"pid {os.getpid()} (" in raised.value.message
    assert stand.host.proxy.pointer.read() == "blue"
    assert any(
        "continuing, though rolling-back could not be written down" in each for each in stand.bench.said
    )


@pytest.mark.usefixtures("clock")
def test_a_promote_is_refused_with_who_holds_it_and_nothing_is_moved(stand: Quiet) -> None:
    with pytest.raises(HeldFileError) as raised:
        promote(stand.host, THIRD)
    assert f"kill {os.getpid()}" in raised.value.hint
    assert raised.value.exit_code == 4
    assert stand.host.proxy.pointer.read() == "green"


def test_who_only_looks_does_not_wait(stand: Quiet, clock: StillClock) -> None:
    found = status(stand.host)
    assert clock.slept == []
    assert found.live is not None
    assert found.live.tag == str(SECOND)
