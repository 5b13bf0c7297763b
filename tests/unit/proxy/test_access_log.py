"""The access log while it is written, rotated, truncated and damaged: no request is lost or counted twice."""

import contextlib
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from relctl.proxy import access_log
from relctl.proxy.access_log import AccessLog
from relctl.proxy.access_log_line import Request, parse

Follow = Callable[..., AccessLog]


def line(at: float, **members: object) -> bytes:
    found = {
        "at": "2026-11-20T10:59:38+00:00",
        "msec": at,
        "pool": "blue",
        "uri": "/translate",
        "status": 200,
        "request_time": 0.003,
        "upstream": "10.0.0.2:8000",
    }
    return json.dumps(found | members).encode() + b"\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def add(path: Path, *times: float) -> None:
    with path.open("ab") as file:
        file.writelines(line(at) for at in times)


@pytest.fixture
def follow(path: Path) -> Iterator[Follow]:
    """Opens the log, now or at a time; all that was opened is closed."""
    with contextlib.ExitStack() as opened:
        yield lambda *since: opened.enter_context(AccessLog(path, *since))


def ended(log: AccessLog) -> list[float]:
    return [request.ended for request in log.read()]


def test_a_line_says_how_a_request_went() -> None:
    found = parse(line(5.25, pool="green", status=502, request_time=1.501, upstream="a:1, b:1"))
    assert found == Request(5.25, "green", "/translate", 502, 1501, asked=True, passed_on=True, waited=1501)


@pytest.mark.parametrize(
    ("times", "waited"),
    [("0.250", 250), ("0.100, 0.250", 350), ("0.100 : 0.250", 350), ("-", 1501), ("", 1501), ("9.000", 1501)],
)
def test_a_line_says_how_long_it_waited_for_a_slot_and_no_longer_than_it_took(
    times: str, waited: int
) -> None:
    found = parse(line(1.0, request_time=1.501, upstream_time=times))
    assert found is not None
    assert found.waited == waited


@pytest.mark.parametrize(
    ("upstream", "asked", "passed_on"),
    [
        ("", False, False),
        ("-", False, False),
        ("a:1", True, False),
        ("a:1, b:1", True, True),
        ("a:1, a:1", True, False),  # asked anew, on another connection
        ("a:1, a:1, b:1", True, True),
        ("a:1 : b:1", True, True),
        ("a:1 : a:1", True, False),
        ("a:1, a:1 : b:1", True, True),
        ("a:1 : relctl_svc_test_green", True, False),  # there was no server left to ask
        ("relctl_svc_test_blue", True, False),
    ],
)
def test_a_line_says_whether_the_other_slot_was_asked(upstream: str, asked: bool, passed_on: bool) -> None:
    found = parse(line(1.0, upstream=upstream))
    assert found is not None
    assert (found.asked, found.passed_on) == (asked, passed_on)


@pytest.mark.parametrize(("written", "client"), [({}, ""), ({"client": "192.0.2.7"}, "192.0.2.7")])
def test_a_line_says_who_asked_where_that_is_logged(written: dict[str, str], client: str) -> None:
    found = parse(line(1.0, **written))
    assert found is not None
    assert found.client == client


@pytest.mark.parametrize(
    ("status", "upstream", "failed", "stood_in", "fault"),
    [
        (101, "a:1", False, False, False),
        (103, "a:1", True, False, True),
        (200, "a:1", False, False, False),
        (404, "a:1", False, False, False),
        (499, "a:1", False, False, False),
        (499, "a:1, b:1", False, False, True),
        (500, "a:1", True, False, True),
        (200, "a:1, b:1", False, True, True),
        (400, "a:1, b:1", False, True, True),
        (502, "a:1, b:1", True, False, True),
    ],
)
def test_what_failed_for_the_client_and_what_was_the_release_s_fault(
    status: int, upstream: str, failed: bool, stood_in: bool, fault: bool
) -> None:
    found = parse(line(1.0, status=status, upstream=upstream))
    assert found is not None
    assert (found.failed, found.stood_in, found.fault) == (failed, stood_in, fault)


@pytest.mark.parametrize("written", [b"009", b"099"])  # no status line, and a number that is none
def test_an_answer_that_is_not_http_is_a_failure_of_the_release(written: bytes) -> None:
    found = parse(line(1.0, status=200).replace(b'"status": 200', b'"status":' + written))
    assert found is not None
    assert (found.failed, found.stood_in, found.fault) == (True, False, True)


def test_a_path_cannot_pretend_to_be_a_status() -> None:
    found = parse(line(1.0, uri='/"status":009'))
    assert found is not None
    assert (found.uri, found.failed) == ('/"status":009', False)


def test_a_path_that_is_no_utf8_is_a_line_like_others() -> None:
    assert parse(line(1.0).replace(b'"pool"', b'"uri":"/\xff\xfe","pool"')) is not None


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'{"msec":1}',
        b"\x00" * 30,
        line(1.0, status="x"),
        line(1.0, request_time=None),
        line(1.0, request_time=float("inf")),
        line(1.0, request_time=float("nan")),
        line(float("nan")),
        line(float("inf")),
        line(1.0, status=float("inf")),
        line(1.0)[:-20],
        b"[" * 100_000,
        b'127.0.0.1 - - [25/Nov/2026:14:00:00 +0000] "GET / HTTP/1.1" 200 17 "-" "curl"',
    ],
)
def test_garbage_is_no_request(garbage: bytes) -> None:
    assert parse(garbage) is None


def test_it_begins_at_the_end_and_gives_each_request_once(path: Path, follow: Follow) -> None:
    add(path, 1, 2)
    log = follow()
    assert ended(log) == []
    add(path, 3, 4)
    assert ended(log) == [3, 4]
    assert ended(log) == []


def test_half_a_line_waits_for_its_end(path: Path, follow: Follow) -> None:
    add(path, 1)
    log = follow()
    whole = line(2)
    with path.open("ab", buffering=0) as file:
        file.write(whole[:40])
        assert ended(log) == []
        file.write(whole[40:])
    assert ended(log) == [2]
    assert log.losses.garbage == 0


def test_a_line_that_is_half_written_when_it_begins_is_read_whole(path: Path, follow: Follow) -> None:
    add(path, 1)
    whole = line(2)
    with path.open("ab", buffering=0) as file:
        file.write(whole[:40])
        log = follow()
        file.write(whole[40:])
    assert ended(log) == [2]


def test_a_renamed_file_is_read_to_its_end_and_then_the_new_one(path: Path, follow: Follow) -> None:
    add(path, 1)
    log = follow()
    add(path, 2)
    old = path.rename(path.with_name("access.log.1"))
    add(old, 3)
    assert ended(log) == [2, 3]
    add(path, 5)
    add(old, 4)  # of a worker that has not heard of it yet
    assert sorted(ended(log)) == [4, 5]
    add(old, 6)
    add(path, 7)
    assert sorted(ended(log)) == [6, 7]


def test_a_renamed_file_is_let_go_after_a_while_and_its_torn_end_is_counted(
    path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "_LINGER", 0.0)
    add(path, 1)
    log = follow()
    with path.open("ab") as file:
        file.write(line(2)[:40])
    path.rename(path.with_name("access.log.1"))
    add(path, 3)
    assert ended(log) == [3]
    assert log.losses.torn == 1
    add(path, 4)
    assert ended(log) == [4]


def test_a_truncated_file_is_read_from_its_beginning(path: Path, follow: Follow) -> None:
    add(path, 1, 2)
    log = follow()
    add(path, 3)
    assert ended(log) == [3]
    path.write_bytes(b"")
    add(path, 4)
    assert ended(log) == [4]
    assert log.losses.truncated == 1
    assert log.losses.sentences(path) == ["the access log was truncated 1 times and may have lost lines"]


def test_a_truncated_file_that_has_grown_beyond_since_is_read_from_its_beginning(
    path: Path, follow: Follow
) -> None:
    add(path, 1, 2)
    log = follow()
    add(path, 3)
    assert ended(log) == [3]
    os.truncate(path, 0)
    add(path, *range(10, 20))
    assert ended(log) == list(range(10, 20))
    assert log.losses.truncated == 1


def test_a_file_that_is_missing_is_read_as_soon_as_it_is_there(path: Path, follow: Follow) -> None:
    log = follow()
    assert ended(log) == []
    assert log.losses.sentences(path) == [f"{path} is missing"]
    add(path, 1)
    assert ended(log) == [1]
    assert log.losses.sentences(path) == []


def test_a_file_that_is_removed_is_read_on_until_there_is_a_new_one(path: Path, follow: Follow) -> None:
    add(path, 1)
    log = follow()
    add(path, 2)
    path.unlink()
    assert ended(log) == [2]
    add(path, 3)
    assert ended(log) == [3]


def test_lines_that_are_none_are_counted_and_said(path: Path, follow: Follow) -> None:
    add(path, 1)
    log = follow()
    with path.open("ab") as file:
        file.write(b"cut sho" + line(2) + b"\xff\xfe\x00\n" + line(3))
    assert ended(log) == [3]
    assert log.losses.sentences(path) == ["2 lines of the access log cannot be read"]


def test_a_line_without_an_end_does_not_fill_the_memory(path: Path, follow: Follow) -> None:
    add(path, 1)
    log = follow()
    with path.open("ab") as file:
        file.write(b"x" * (3 * 1024**2) + b"\n" + line(2))
    assert ended(log) == [2]
    assert log.losses.garbage >= 1


def test_it_begins_at_a_time_wherever_that_is(path: Path, follow: Follow) -> None:
    add(path, *range(5_000))  # over 800 kB, so that there is something to search
    for since in (0, 1, 777, 2_500, 4_999):
        assert ended(follow(since)) == list(range(since, 5_000))
    assert ended(follow(5_000)) == []


def test_it_begins_at_a_time_in_the_file_before(path: Path, follow: Follow) -> None:
    add(path, *range(100))
    path.rename(path.with_name("access.log.1"))
    add(path, *range(100, 200))
    assert ended(follow(50)) == list(range(50, 200))


def test_what_machines_ask_is_left_out(path: Path, follow: Follow) -> None:
    log = follow(0.0, {"/readyz"})
    path.write_bytes(line(1) + line(2, uri="/readyz") + line(3))
    assert ended(log) == [1, 3]
    assert log.losses.garbage == 0


def test_no_more_than_the_end_is_read_where_that_is_asked_for(path: Path, follow: Follow) -> None:
    add(path, *range(1_000))
    size = len(line(999))
    assert ended(follow(0.0, (), 3 * size + size // 2)) == [996, 997, 998, 999]
    assert follow(0.0, (), 3 * size).begins == 997
    assert follow(998.0, (), 100 * size).begins == 998.0


def test_what_was_rotated_away_before_the_end_that_is_read_is_left_out(path: Path, follow: Follow) -> None:
    add(path, *range(10))
    path.rename(path.with_name("access.log.1"))
    add(path, *range(10, 1_000))
    log = follow(0.0, (), 3 * len(line(999)))
    assert ended(log) == [997, 998, 999]
    assert log.begins == 997


def test_what_was_compressed_is_known_to_be_left_out(path: Path, follow: Follow) -> None:
    add(path, 5, 6)
    path.with_name("access.log.1.gz").write_bytes(b"")
    log = follow(1.0)
    assert log.begins == 5
    assert ended(log) == [5, 6]


def test_a_clock_that_is_set_back_loses_nothing(path: Path, follow: Follow) -> None:
    add(path, 100, 101)
    log = follow(101)
    assert ended(log) == [101]
    add(path, 7, 8)
    assert ended(log) == [7, 8]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_rotated_when_no_request_is_lost_or_counted_twice(
    path: Path, follow: Follow, seed: int
) -> None:
    chance = random.Random(seed)
    add(path, 0)
    log, found, written = follow(), list[float](), 0
    old = path
    for number in range(200):
        for _ in range(chance.randrange(4)):
            written += 1
            add(old if number % 7 == 1 and old.exists() else path, written)
        if number % 7 == 0:
            old = path.rename(path.with_name(f"access.log.{number}")) if path.exists() else path
            path.touch()
        found += ended(log)
    assert sorted(found) == list(range(1, written + 1))
