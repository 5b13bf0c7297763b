"""A clock that jumps between commands, or while a release is watched: no time alone decides anything."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from client_load import Load
from hosts import Bench, bench
from log_lines import line
from relctl.config.environment import Rollout
from relctl.observation.window import Window
from relctl.rollout.host import Host
from relctl.rollout.observe import observe
from relctl.rollout.promote import promote
from relctl.rollout.prune import prune
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from relctl.state.history import fold
from relctl.state.ledger import checksum
from relctl.tag import Tag
from stands import ANY_P95

FIRST, SECOND, THIRD = (Tag(f"{number}.0.0", "abc12de") for number in (1, 2, 3))
POLICY = {"min_requests": 50, "max_error_rate": 0.2, "too_few": "rollback", "ready_within": "2s"}


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        for version in ("1.0.0", "2.0.0", "3.0.0"):
            promote(made.host, made.proved(version))
        yield made


def jump(stand: Bench, hours: float) -> None:
    """Let each event be written this much later, by the clock, than the one before."""
    path, at = stand.host.paths.ledger, datetime(2026, 11, 25, 12, tzinfo=UTC)
    lines: list[str] = []
    for number, text in enumerate(path.read_text().splitlines()):
        event = json.loads(text) | {"at": (at + number * timedelta(hours=hours)).isoformat()}
        if lines:
            event["before"] = checksum(lines[-1].encode())
        lines.append(json.dumps(event))
    path.write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize("hours", [-24.0, 0.0, 24.0 * 400], ids=("back", "still", "forth"))
def test_the_order_is_that_of_the_ledger_whatever_its_times_say(stand: Bench, hours: float) -> None:
    jump(stand, hours)
    events = stand.host.ledger.read().events
    assert [each.tag for each in fold(events).retained(3)] == [str(THIRD), str(SECOND), str(FIRST)]
    assert status(stand.host).drift == []
    assert prune(stand.host).removed == []
    moved = rollback(stand.host, None)
    assert moved is not None
    assert (moved.tag, moved.previous) == (str(SECOND), str(THIRD))


def watched(stand: Bench, since: float, seconds: float) -> Host:
    """A host on which the window of what is live was opened at a time of the clock."""
    window = Window(str(THIRD), "sha256:3.0.0", "blue", "green", since, seconds)
    stand.host.ledger.append(window.opened())
    project = stand.host.project
    environment = project.environment.model_copy(update={"rollout": Rollout.model_validate(POLICY)})
    return stand.with_project(environment=environment)


def test_after_a_clock_was_set_back_the_whole_window_is_watched_from_now_on(stand: Bench) -> None:
    host = watched(stand, time.time() + 3600, seconds=3.0)
    observing = status(host).observing
    assert observing is not None
    assert observing.left_seconds == 3.0
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=4, pause=0.005).start()
    began = time.monotonic()
    found = observe(host, 0.0)
    load.stop()
    assert 2.5 < time.monotonic() - began < 600  # an hour was set back
    assert found.accepted
    assert found.release.requests >= 50
    assert status(host).observing is None


def test_after_a_clock_was_set_forth_the_log_says_what_happened_meanwhile(stand: Bench) -> None:
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=4).start()
    load.wait_for(100, within=20)
    answered, deadline = len(load.stop()), time.monotonic() + 30
    while stand.host.paths.access_log.read_text().count('"uri":"/translate"') < answered:
        assert time.monotonic() < deadline, "Nginx writes its last lines after the answers"
        time.sleep(0.02)
    host = watched(stand, time.time() - 2 * 86_400, seconds=3.0)
    found = observe(host, 0.0)
    assert found.accepted
    assert found.release.requests >= 100


def plant(stand: Bench, slot: str) -> None:
    """What a release in this slot answered before the clock was set back by an hour: it failed."""
    now, upstream = time.time() + 3_600, "127.0.0.1:1"
    lines = [line(now + number / 100, pool=slot, status=500, upstream=upstream) for number in range(300)]
    with stand.host.paths.access_log.open("ab") as log:
        log.write(b"".join(lines))


@pytest.mark.slow
@pytest.mark.usefixtures("small_spans")
def test_a_clock_that_was_set_back_mixes_no_earlier_release_of_a_slot_in() -> None:
    with bench() as stand:
        for version in ("1.0.0", "2.0.0"):
            promote(stand.host, stand.proved(version))
        plant(stand, "blue")  # of 1, which had blue
        promote(stand.host, stand.proved("3.0.0"))
        load = Load(stand.listen, "/translate", {"text": "x"}, connections=4, pause=0.005).start()
        time.sleep(2.5)  # a baseline needs ten spans of time
        load.wait_for(400, within=30)
        plant(stand, "green")  # of 2, which had green
        policy = {"observe": 3.0, "max_error_rate": 0.05, "max_p95_ratio": ANY_P95, "too_few": "rollback"}
        moved = promote(stand.under(**policy), stand.proved("4.0.0"))
        traffic = status(stand.host).traffic.pools
        load.stop()
        assert moved is not None
        assert moved.observed is not None
        assert (moved.observed["error_rate"], moved.observed["reference"]["error_rate"]) == (0.0, 0.0)
        assert moved.observed["reference"]["requests"] >= 300
        assert [pool.errors for pool in traffic.values()] == [0 for _ in traffic]
