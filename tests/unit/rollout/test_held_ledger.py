"""A ledger that somebody holds keeps no traffic waiting, and no command for ever; who holds it is named."""

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from quiet_host import Quiet, quiet_host
from relctl.errors import HeldFileError, NeedsPersonError
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from stands import FIRST, SECOND, THIRD


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


def test_a_rollback_moves_the_traffic_and_says_what_could_not_be_written(stand: Quiet) -> None:
    began = time.monotonic()
    with pytest.raises(NeedsPersonError, match=f"{FIRST} is live, but that could not be recorded") as raised:
        rollback(stand.host, None)
    assert time.monotonic() - began < 2.0  # half a second of waiting in all, on a machine that may stall
    assert f"pid {os.getpid()} (" in raised.value.message
    assert stand.host.proxy.pointer.read() == "blue"
    assert any(
        "continuing, though rolling-back could not be written down" in each for each in stand.bench.said
    )


def test_a_promote_is_refused_with_who_holds_it_and_nothing_is_moved(
    stand: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relctl.state.ledger._WRITTEN_WITHIN", 0.1)
    with pytest.raises(HeldFileError) as raised:
        promote(stand.host, THIRD)
    assert f"kill {os.getpid()}" in raised.value.hint
    assert raised.value.exit_code == 4
    assert stand.host.proxy.pointer.read() == "green"


def test_who_only_looks_does_not_wait(stand: Quiet) -> None:
    began = time.monotonic()
    found = status(stand.host)
    assert time.monotonic() - began < 2.0
    assert found.live is not None
    assert found.live.tag == str(SECOND)
