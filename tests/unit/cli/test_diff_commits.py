"""How `relctl diff` lists the commits between two releases."""

import pytest

from relctl.cli.diff import _print_commits
from relctl.source.origin import Commit, CommitsBetween

FIRST, SECOND = "v1.0.0-abc12de", "v1.1.0-def34ab"


def commit(number: int, subject: str = "Change it") -> Commit:
    return Commit(f"{number:040}"[::-1], "2026-11-20T12:00:00+00:00", "Ada", subject)


def printed(found: CommitsBetween, capsys: pytest.CaptureFixture[str]) -> list[str]:
    _print_commits(found, FIRST, SECOND)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_each_side_has_a_list_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    found = CommitsBetween([commit(1)], [commit(3, "Mend the queue"), commit(2, "\x1b[31mred")])
    assert printed(found, capsys) == [
        "",
        "only in v1.0.0-abc12de  date        author  subject",
        "1000000                 2026-11-20  Ada     Change it",
        "",
        "only in v1.1.0-def34ab  date        author  subject",
        "3000000                 2026-11-20  Ada     Mend the queue",
        r"2000000                 2026-11-20  Ada     \x1b[31mred",
    ]


def test_a_long_list_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(CommitsBetween([], [commit(number) for number in range(23)]), capsys)
    assert len(lines) == 2 + 20 + 1
    assert lines[-1] == "… and 3 more"


def test_commits_that_are_unknown_are_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    words = "/srv/translator has no commit 'abc12de99999'"
    assert printed(CommitsBetween(unknown=words), capsys) == ["", f"commits unknown: {words}"]
    assert printed(CommitsBetween(), capsys) == []
