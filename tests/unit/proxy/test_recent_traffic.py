"""What was answered lately, from lines of the access log: whole, torn, strange, rotated away."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from relctl.proxy.log_tail import Tail, read_tail
from relctl.proxy.recent_traffic import PoolTraffic, Traffic, percentile, recent_traffic, summarise

NOW = 1_800_000_000.0


def line(ago: float = 1.0, **members: Any) -> bytes:
    """A line of nginx/service.conf.j2's format, written `ago` seconds before NOW."""
    usual = {"msec": NOW - ago, "pool": "blue", "status": 200, "request_time": 0.010, "uri": "/translate"}
    return json.dumps({**usual, **members}).encode()


def test_requests_are_summed_up_by_pool() -> None:
    slow = [line(request_time=0.001 * each) for each in range(1, 101)]
    bad = [line(pool="green", status=status) for status in (200, 404, 499, 500, 502, 503)]
    found = summarise(Tail([*slow, *bad], whole=True), NOW, 300)
    assert found == Traffic(
        300,
        {
            "blue": PoolTraffic(100, 0, 0.0, 50.0, 95.0, 99.0),
            "green": PoolTraffic(6, 3, 0.5, 10.0, 10.0, 10.0),
        },
    )


@pytest.mark.parametrize(
    ("ago", "counted"), [(0.0, 1), (299.9, 1), (300.1, 0), (4000.0, 0), (-0.1, 0), (-3600.0, 0)]
)
def test_only_the_last_seconds_count_and_nothing_from_a_clock_that_was_put_back(
    ago: float, counted: int
) -> None:
    found = summarise(Tail([line(ago)], whole=True), NOW, 300)
    assert sum(pool.requests for pool in found.pools.values()) == counted


def test_probes_are_no_traffic_of_users() -> None:
    lines = [line(uri="/translate"), line(uri="/readyz"), line(uri="/version", pool="green")]
    found = summarise(Tail(lines, whole=True), NOW, 300, probes={"/readyz", "/version"})
    assert {pool: each.requests for pool, each in found.pools.items()} == {"blue": 1}


@pytest.mark.parametrize(
    "strange",
    [
        b'":200,"method":"POST"}',
        b"\0" * 400,
        b"\xff\xfe\x80",
        b"null",
        b"[]",
        b"17",
        b"{}",
        b"[" * 100_000,
        b'127.0.0.1 - - [25/Nov/2026:14:00:00 +0000] "GET / HTTP/1.1" 200 17 "-" "curl"',
        line(msec="yesterday"),
        line(msec=float("nan")),
        line(request_time=float("inf")),
        line(status=float("inf")),
        line(status=None),
        line(pool="x")[:-20],
    ],
    ids=lambda each: repr(each[:12]),
)
def test_a_line_that_is_torn_or_not_ours_is_counted_and_hides_no_other(strange: bytes) -> None:
    found = summarise(Tail([line(3.0), strange, line(1.0)], whole=True), NOW, 300)
    assert (found.pools["blue"].requests, found.unreadable) == (2, 1)


@pytest.mark.parametrize(
    ("lines", "whole", "reached"),
    [
        ([], True, 300.0),
        ([line(20.0), line(1.0)], True, 300.0),
        ([line(20.0), line(1.0)], False, 20.0),
        ([line(400.0), line(20.0)], False, 300.0),
        ([line(301.0), line(20.0)], False, 300.0),
        ([b"garbage", line(20.0)], False, 20.0),
        ([b"garbage"], False, 0.0),
    ],
)
def test_it_says_how_far_back_the_lines_reach(lines: list[bytes], whole: bool, reached: float) -> None:
    assert summarise(Tail(lines, whole), NOW, 300).seconds == reached


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([7.0], 0.95, 7.0), ([1.0, 2.0], 0.50, 1.0), ([1.0, 2.0], 0.95, 2.0), ([1.0] * 19 + [9.0], 0.95, 1.0)],
)
def test_a_percentile_is_a_value_that_was_measured(
    values: list[float], share: float, expected: float
) -> None:
    assert percentile(values, share) == expected


def test_the_lines_before_a_rotation_are_read_too(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"new 1\nnew 2\n")
    log.with_name("access.log.1").write_bytes(b"old 1\nold 2\n")
    assert read_tail(log) == Tail([b"old 1", b"old 2", b"new 1", b"new 2"], whole=True)


def test_in_the_middle_of_a_rotation_the_renamed_log_is_read(tmp_path: Path) -> None:
    (tmp_path / "access.log.1").write_bytes(b"old\n")
    assert read_tail(tmp_path / "access.log") == Tail([b"old"], whole=True)


def test_before_the_first_request_there_is_nothing(tmp_path: Path) -> None:
    assert read_tail(tmp_path / "access.log") == Tail([], whole=True)
    assert recent_traffic(tmp_path / "access.log", 300) == Traffic(300)


@pytest.mark.parametrize("others", [("access.log.1", "access.log.2.gz"), ("access.log-20261125.gz",)])
def test_older_logs_are_known_to_be_there_and_not_read(tmp_path: Path, others: tuple[str, ...]) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"new\n")
    for age, name in enumerate(others, 1):
        (tmp_path / name).write_bytes(b"\x1f\x8b" if name.endswith("gz") else b"old\n")
        os.utime(tmp_path / name, (NOW - age, NOW - age))
    found = read_tail(log)
    assert not found.whole
    assert list(found.lines) in ([b"old", b"new"], [b"new"])


def test_no_more_than_the_end_is_read_and_the_line_that_is_cut_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(b"%09d\n" % number for number in range(10_000)))
    log.with_name("access.log.1").write_bytes(b"old\n")
    assert read_tail(log, most_bytes=25) == Tail([b"000009998", b"000009999"], whole=False)


def test_a_line_that_is_being_written_is_left_for_the_next_time(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"whole\nbegun")
    assert read_tail(log) == Tail([b"whole"], whole=True)


def test_a_log_that_may_not_be_read_is_said_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "access.log").mkdir()
    found = recent_traffic(tmp_path / "access.log", 300)
    assert found.problem == f"{tmp_path}/access.log: Is a directory"
