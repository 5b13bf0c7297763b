"""A clock that is set back while releases come and go: each is judged by its own requests."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from log_lines import line
from quiet_host import Quiet, quiet_host
from relctl.config.units import until
from relctl.observation import tally, watch
from relctl.observation.window import open_window
from relctl.rollout.observe import observe
from relctl.rollout.promote import promote
from relctl.rollout.status import status

AN_HOUR = 3_600.0
# It ends as soon as it is healthy: a machine that is busy takes longer to answer enough requests.
POLICY = {
    "observe": 30.0,
    "until": until("healthy or 30s"),
    "max_error_rate": 0.05,
    "too_few": "rollback",
    "max_p95_ratio": 1_000.0,
}


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Quiet]:
    """1 was in blue, 2 in green, and both failed by a clock that was an hour ahead; 3 is live in blue."""
    monkeypatch.setattr(tally, "SPAN", 0.05)
    monkeypatch.setattr(watch, "_READ_EVERY", 0.1)
    monkeypatch.setattr(watch, "_JUDGE_EVERY", 0.1)
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        made.host.paths.access_log.parent.mkdir(parents=True, exist_ok=True)
        for version, slot in (("1.0.0", "blue"), ("2.0.0", "green")):
            promote(made.host, made.bench.proved(version))
            write(made, slot, 500, AN_HOUR, 400)
        promote(made.host, made.bench.proved("3.0.0"))
        for _ in range(12):
            write(made, "blue", 200, 0.0, 40)
            time.sleep(0.05)
        yield made


def write(stand: Quiet, slot: str, status: int, ahead: float, number: int) -> None:
    now = time.time() + ahead
    with stand.host.paths.access_log.open("ab") as log:
        log.write(b"".join(line(now, pool=slot, status=status) for _ in range(number)))


def good(stand: Quiet, slot: str) -> int:
    """How many requests a slot has answered, but for those of the releases that failed."""
    logged = map(json.loads, stand.host.paths.access_log.read_text().splitlines())
    return sum(each["pool"] == slot and each["status"] == 200 for each in logged)


@pytest.fixture
def used(stand: Quiet) -> Iterator[None]:
    """Users are answered by whoever has the traffic."""
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.02):
            write(stand, stand.host.proxy.pointer.read(), 200, 0.0, 20)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.usefixtures("used")
def test_no_earlier_release_of_a_slot_is_mixed_in(stand: Quiet) -> None:
    moved = promote(stand.under(**POLICY), stand.bench.proved("4.0.0"))
    assert moved is not None
    assert moved.observed is not None
    assert (moved.slot, moved.observed["verdict"]) == ("green", "healthy")
    assert (moved.observed["error_rate"], moved.observed["reference"]["error_rate"]) == (0.0, 0.0)
    assert 200 <= moved.observed["reference"]["requests"] <= good(stand, "blue")
    assert {pool: each.errors for pool, each in status(stand.host).traffic.pools.items()} == {
        "blue": 0,
        "green": 0,
    }


@pytest.mark.usefixtures("used")
def test_a_window_that_is_gone_on_with_knows_its_own_requests_too(
    stand: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed(BaseException):
        """The lid of a laptop."""

    def close(*_: object) -> None:
        raise Closed

    fourth = stand.bench.proved("4.0.0")
    with monkeypatch.context() as patched:
        patched.setattr(watch, "judge", close)
        with pytest.raises(Closed):
            promote(stand.under(**POLICY), fourth)
    window = open_window(stand.host.ledger.read().history)
    assert window is not None
    assert window.mark is not None
    log = stand.host.paths.access_log
    log.rename(log.with_name("access.log.1"))
    log.touch()
    found = observe(stand.under(**POLICY), 0.0)
    assert found.verdict == "healthy"
    assert found.release.failed == 0
