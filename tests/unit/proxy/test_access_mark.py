"""A mark in the access log: found again after rotations, and whatever clocks do."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from log_lines import add, line
from relctl.proxy.access_log import AccessLog
from relctl.proxy.access_log_file import Mark, after, before, mark_of

MOST = 1024**2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@contextlib.contextmanager
def followed(path: Path, mark: Mark) -> Iterator[AccessLog]:
    with AccessLog(path, 5_000.0, mark=mark) as log:
        yield log


def since(path: Path, mark: Mark) -> list[float]:
    with followed(path, mark) as log:
        return [request.ended for request in log.read()]


def marked(path: Path, *times: float) -> Mark:
    """Write so many lines and mark what is behind them."""
    add(path, *times)
    found = mark_of(path)
    assert found is not None
    return found


def rotate(path: Path, times: int = 1) -> None:
    for _ in range(times):
        for number in range(8, 0, -1):
            old = path.with_name(f"access.log.{number}")
            if old.exists():
                old.rename(path.with_name(f"access.log.{number + 1}"))
        path.rename(path.with_name("access.log.1"))
        path.touch()


def test_where_there_is_no_log_there_is_no_mark(path: Path) -> None:
    assert mark_of(path) is None


def test_what_is_behind_a_mark_is_read_whatever_its_times_say(path: Path) -> None:
    mark = marked(path, 8_000, 8_001, 9_000)
    add(path, 4_000, 8_500, 1)  # the clock was set back, and forth, and back
    assert since(path, mark) == [4_000, 8_500, 1]


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_mark_is_found_in_a_file_that_was_renamed(path: Path, times: int) -> None:
    add(path, 1)
    rotate(path)
    mark = marked(path, 8_000, 8_001)
    add(path, 4_000)
    for number in range(times):
        rotate(path)
        add(path, 100 + number)
    assert since(path, mark) == [4_000, *range(100, 100 + times)]


def test_files_that_were_written_in_the_wrong_order_by_the_clock_are_read_in_theirs(path: Path) -> None:
    add(path, 1, 2)
    rotate(path)
    mark = marked(path, 3)
    add(path, 4)
    rotate(path)
    add(path, 5)
    os.utime(path.with_name("access.log.2"), (9e9, 9e9))  # of before the clock was set back
    assert since(path, mark) == [4, 5]


def test_a_mark_whose_file_was_compressed_is_followed_by_all_that_is_left(path: Path) -> None:
    mark = marked(path, 1)
    rotate(path)
    add(path, 2)
    rotate(path)
    add(path, 3)
    path.with_name("access.log.2").rename(path.with_name("access.log.2.gz"))
    assert since(path, mark) == [2, 3]


def test_a_mark_is_found_in_a_copy_of_a_file_that_was_truncated(path: Path) -> None:
    mark = marked(path, 1, 2)
    add(path, 3)
    shutil.copy(path, path.with_name("access.log.1"))
    os.truncate(path, 0)
    add(path, 4)
    assert since(path, mark) == [3, 4]


def test_a_file_that_was_truncated_begins_anew(path: Path) -> None:
    add(path, 1)
    rotate(path)
    mark = marked(path, 2, 3)
    os.truncate(path, 0)
    add(path, 4)
    assert since(path, mark) == [4]


def test_a_mark_in_an_empty_file_is_its_beginning(path: Path) -> None:
    path.touch()
    mark = marked(path)
    add(path, 7)
    assert since(path, mark) == [7]


def test_what_is_written_later_is_followed(path: Path) -> None:
    mark = marked(path, 1)
    with followed(path, mark) as log:
        assert list(log.read()) == []
        rotate(path)
        add(path, 2)
        assert [request.ended for request in log.read()] == [2]


def ended(path: Path, end: Mark | None, start: Mark | None, most: int = MOST) -> list[float]:
    return [request.ended for request in before(path, end, start, most)]


def test_what_is_between_two_marks_is_read_over_rotations(path: Path) -> None:
    start = marked(path, 1, 2)
    add(path, 9_000, 9_001)
    rotate(path)
    end = marked(path, 3)
    add(path, 4)
    assert ended(path, end, start) == [9_000, 9_001, 3]
    rotate(path)
    assert ended(path, end, start) == [9_000, 9_001, 3]
    assert ended(path, end, None) == [1, 2, 9_000, 9_001, 3]
    assert ended(path, None, start) == [9_000, 9_001, 3, 4]
    assert ended(path, None, None) == [1, 2, 9_000, 9_001, 3, 4]


def test_no_more_is_read_than_the_end_of_it(path: Path) -> None:
    add(path, 100, 101)
    rotate(path)
    add(path, 102, 103)
    length = len(line(100))
    assert ended(path, None, None, 3 * length) == [101, 102, 103]
    assert ended(path, None, None, 3 * length - 1) == [102, 103]  # half a line is none
    assert ended(path, None, None, length) == [103]


def test_what_machines_ask_and_garbage_are_left_out(path: Path) -> None:
    path.write_bytes(line(1) + b"garbage\n" + line(2, uri="/readyz") + line(3)[:30])
    assert [each.ended for each in before(path, None, None, MOST, {"/readyz"})] == [1]


def test_a_log_that_is_missing_has_nothing(path: Path) -> None:
    assert ended(path, None, None) == []
    assert after(path, Mark(7, 100, '{"at')) == [(path, 0)]
