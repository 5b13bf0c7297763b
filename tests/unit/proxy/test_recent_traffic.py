"""What was answered lately, from the access log: by pool, by who answered, and as far back as it is read."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from relctl.proxy import access_log
from relctl.proxy import recent_traffic as module
from relctl.proxy.recent_traffic import PoolTraffic, Traffic, percentile, recent_traffic
from still_clock import StillClock

BOTH = "a:1, b:1"


NOW = time.time()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes in a test: what was written a moment ago is not older when it is read."""
    for each in (module, access_log):
        monkeypatch.setattr(each, "time", StillClock(NOW))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def line(ago: float = 1.0, **members: Any) -> bytes:
    """A line of nginx/service.conf.j2's format, written `ago` seconds ago."""
    usual = {"pool": "blue", "status": 200, "request_time": 0.010, "uri": "/translate", "upstream": "a:1"}
    return json.dumps({"msec": NOW - ago, **usual, **members}).encode() + b"\n"


def test_requests_are_summed_up_by_pool(log: Path) -> None:
    slow = [line(request_time=0.001 * each) for each in range(1, 101)]
    bad = [line(pool="green", status=status) for status in (200, 404, 499, 500, 502, 503)]
    log.write_bytes(b"".join([*slow, *bad]))
    assert recent_traffic(log, 300) == Traffic(
        300,
        {
            "blue": PoolTraffic(100, 0, 0.0, 50.0, 95.0, 99.0),
            "green": PoolTraffic(6, 3, 0.5, 10.0, 10.0, 10.0, gone=1),
        },
    )


@pytest.mark.parametrize(
    ("upstreams", "stood_in", "since"),
    [
        (("a:1", "a:1"), 0, None),
        (("a:1", BOTH, BOTH), 2, 1),
        ((BOTH, "a:1", BOTH), 2, 2),
        ((BOTH, BOTH, "a:1"), 2, None),
        (("a:1, a:1", "a:1"), 0, None),
    ],
)
def test_what_the_other_slot_answered_is_counted_and_dated(
    log: Path, upstreams: tuple[str, ...], stood_in: int, since: int | None
) -> None:
    lines = [line(10 - number, upstream=each) for number, each in enumerate(upstreams)]
    log.write_bytes(b"".join(lines))
    found = recent_traffic(log, 300).pools["blue"]
    assert (found.requests, found.errors, found.stood_in) == (len(upstreams), 0, stood_in)
    assert found.since == (None if since is None else json.loads(lines[since])["msec"])


@pytest.mark.parametrize(("ago", "counted"), [(0.0, 1), (299, 1), (301, 0), (4000.0, 0), (-3600.0, 0)])
def test_only_the_last_seconds_count_and_nothing_from_a_clock_that_was_put_back(
    log: Path, ago: float, counted: int
) -> None:
    log.write_bytes(line(ago))
    assert sum(pool.requests for pool in recent_traffic(log, 300).pools.values()) == counted


def test_probes_are_no_traffic_of_users(log: Path) -> None:
    log.write_bytes(line() + line(uri="/readyz") + line(uri="/version", pool="green"))
    found = recent_traffic(log, 300, probes={"/readyz", "/version"})
    assert {pool: each.requests for pool, each in found.pools.items()} == {"blue": 1}


def test_a_line_that_is_torn_or_not_ours_is_counted_and_hides_no_other(log: Path) -> None:
    log.write_bytes(line(3.0) + b"\0" * 400 + b"\n" + line(1.0) + b'{"msec": 17')
    found = recent_traffic(log, 300)
    assert (found.pools["blue"].requests, found.unreadable) == (2, 1)


def test_it_says_how_far_back_it_has_read(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log.write_bytes(line(20.0) + line(1.0))
    assert recent_traffic(log, 300).seconds == 300
    monkeypatch.setattr(module, "MOST_BYTES", len(line()) * 3 // 2)
    log.write_bytes(line(20.0) * 50 + line(10.0) + line(1.0))
    assert recent_traffic(log, 300).seconds == 10.0


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([7.0], 0.95, 7.0), ([1.0, 2.0], 0.50, 1.0), ([1.0, 2.0], 0.95, 2.0), ([1.0] * 19 + [9.0], 0.95, 1.0)],
)
def test_a_percentile_is_a_value_that_was_measured(
    values: list[float], share: float, expected: float
) -> None:
    assert percentile(values, share) == expected


def test_the_lines_before_a_rotation_are_read_too(log: Path) -> None:
    log.write_bytes(line(1.0))
    log.with_name("access.log.1").write_bytes(line(9.0) + line(8.0))
    assert recent_traffic(log, 300).pools["blue"].requests == 3


def test_in_the_middle_of_a_rotation_the_renamed_log_is_read(log: Path) -> None:
    log.with_name("access.log.1").write_bytes(line())
    assert recent_traffic(log, 300).pools["blue"].requests == 1


def test_before_the_first_request_there_is_nothing(log: Path) -> None:
    assert recent_traffic(log, 300) == Traffic(300)


@pytest.mark.parametrize(("age", "reached"), [(400, 300), (30, 20)])
def test_a_compressed_log_is_missed_if_it_is_of_the_last_minutes(log: Path, age: int, reached: int) -> None:
    log.write_bytes(line(20.0))
    older = log.with_name("access.log.1.gz")
    older.write_bytes(b"\x1f\x8b")
    os.utime(older, (NOW - age,) * 2)
    assert recent_traffic(log, 300).seconds == reached


def test_a_log_that_may_not_be_read_is_said_and_no_error(log: Path) -> None:
    log.mkdir()
    assert recent_traffic(log, 300).problem == f"{log}: Is a directory"


def test_after_a_clock_was_set_back_what_was_before_is_not_taken_for_recent(log: Path) -> None:
    """An hour ago it was an hour later: those lines end at the same times as what is recent now."""
    an_hour_ago = [line(ago=each - 3_600, pool="green", status=500) for each in range(3_700, 0, -10)]
    since = [line(ago=each) for each in range(250, 0, -10)]
    log.write_bytes(b"".join([*an_hour_ago, *since]))
    found = recent_traffic(log, 300)
    assert set(found.pools) == {"blue"}
    assert found.pools["blue"].requests == 25


def test_clients_are_counted_where_their_addresses_are_logged(log: Path) -> None:
    log.write_bytes(b"".join(line(client=each) for each in ("192.0.2.1", "192.0.2.1", "2001:db8::1", "")))
    assert recent_traffic(log, 300).pools["blue"].clients == 2
