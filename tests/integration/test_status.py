"""What `relctl status` tells about traffic and switches, over a real Nginx, with the engine in memory."""

import time
from collections.abc import Callable, Iterator

import pytest
import requests

from client_load import Load, failed
from hosts import Bench, bench
from relctl.proxy.recent_traffic import PoolTraffic, Traffic
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from relctl.state.event import Event


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def traffic_once(stand: Bench, holds: Callable[[Traffic], bool]) -> Traffic:
    """Wait until Nginx has written its last lines, which it does after the answer."""
    deadline = time.monotonic() + 30
    while not holds(found := status(stand.host).traffic):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def requests_of(found: Traffic) -> dict[str, int]:
    return {pool: each.requests for pool, each in found.pools.items()}


def test_requests_are_told_by_the_pool_that_they_went_to(stand: Bench) -> None:
    tags = [stand.proved(version) for version in ("1.0.0", "2.0.0")]
    answered = {}
    for tag, slot in zip(tags, ("blue", "green"), strict=True):
        promote(stand.host, tag)
        load = Load(stand.listen, "/translate", {"text": "x"}, connections=4).start()
        load.wait_for(50, within=20)
        samples = load.stop()
        assert failed(samples) == []
        answered[slot] = len(samples)
    found = traffic_once(stand, lambda each: requests_of(each) == answered)
    assert found.seconds == 300
    assert all(pool.errors == 0 and 0 <= pool.p50_ms <= pool.p95_ms for pool in found.pools.values())


def test_looking_is_no_traffic(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    for _ in range(5):
        status(stand.host)
    deadline = time.monotonic() + 30
    while stand.host.paths.access_log.read_text().count('"uri":"/version"') < 5:
        assert time.monotonic() < deadline, "Nginx has not logged it"
        time.sleep(0.02)
    assert requests_of(status(stand.host).traffic) == {}


def test_requests_that_get_no_answer_have_failed(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    stand.engine.crash("relctl-svc-test-blue")
    for _ in range(3):
        assert requests.get(f"http://{stand.listen}/", timeout=10).status_code == 502
    found = traffic_once(stand, lambda each: requests_of(each) == {"blue": 3})
    assert (found.pools["blue"].errors, found.pools["blue"].error_rate) == (3, 1.0)


def test_before_the_first_release_nothing_has_the_requests(stand: Bench) -> None:
    assert status(stand.host).traffic == Traffic(300)
    stand.host.proxy.apply()
    assert requests.get(f"http://{stand.listen}/", timeout=5).status_code == 503
    found = traffic_once(stand, lambda each: bool(each.pools))
    assert found.pools["unrouted"].errors == 1
    assert isinstance(found.pools["unrouted"], PoolTraffic)
    assert status(stand.host).switched is None


def test_who_switched_when_and_why_stays_told_whatever_else_happened(stand: Bench) -> None:
    for version in ("1.0.0", "2.0.0"):
        promote(stand.host, stand.proved(version))
    rollback(stand.host, None, reason="looks wrong")
    for _ in range(9):
        stand.host.ledger.append(Event("verified", tag="v3.0.0-abc12de", reason="passed"))
    found = status(stand.host)
    assert found.switched is not None
    assert (found.switched.event, found.switched.slot, found.switched.reason) == (
        "rolled-back",
        "blue",
        "looks wrong",
    )
    assert found.switched.by
    assert found.switched.at
