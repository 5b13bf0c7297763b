"""The last lines of Nginx's error log, whatever is in it."""

from pathlib import Path

import pytest

from relctl.proxy.nginx import last_errors
from relctl.state.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths(tmp_path, "svc", "test")
    made.proxy.mkdir(parents=True)
    return made


def line(number: int, level: str = "error", what: str = "upstream sent too big header") -> str:
    return f"2026/11/29 21:52:{number:02d} [{level}] 7714#7714: *{number} {what}\n"


def test_the_last_errors_are_told_oldest_first(paths: Paths) -> None:
    paths.error_log.write_text("".join(map(line, range(9))))
    assert last_errors(paths, 2) == [line(7).strip(), line(8).strip()]


def test_what_is_no_error_is_left_out(paths: Paths) -> None:
    others = line(2, "notice") + line(3, "warn") + line(4, what="client sent invalid chunked body")
    others += line(5, "alert").replace("*5 ", "")  # of a worker, not of a request
    paths.error_log.write_text(line(1, "crit") + others + "a torn li\n\n")
    assert last_errors(paths) == [line(1, "crit").strip()]


def test_a_log_that_is_not_there_has_none(paths: Paths) -> None:
    assert last_errors(paths) == []


def test_of_a_long_log_only_the_end_is_read_and_a_line_is_cut(paths: Paths) -> None:
    paths.error_log.write_bytes(
        line(1).encode() + b"\xff" * 70_000 + b"\n" + line(2, what="x" * 5000).encode()
    )
    assert [len(each) for each in last_errors(paths)] == [400]
