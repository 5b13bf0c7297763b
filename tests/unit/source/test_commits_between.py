"""The commits between two releases: on both sides, of the project's folder, in the authors' words."""

import subprocess
from pathlib import Path

import pytest

from relctl.engine.protocol import Image
from relctl.source.origin import Commit, CommitsBetween, commits_between

AT = "2026-11-20T12:00:00+00:00"


def git(root: Path, *arguments: str, **environ: str) -> str:
    command = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.invalid", *arguments]
    environment = {"PATH": "/usr/bin:/bin", "GIT_COMMITTER_DATE": AT, "GIT_AUTHOR_DATE": AT, **environ}
    return subprocess.run(
        command, cwd=root, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(root: Path, subject: str, path: str = "project/file") -> str:
    (root / path).parent.mkdir(exist_ok=True)
    with (root / path).open("a") as file:
        file.write(f"{subject}\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", subject)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


def image(revision: str) -> Image:
    return Image("sha256:1", (), {"org.opencontainers.image.revision": revision}, (), "1000", 1)


def between(root: Path, first: str, second: str) -> CommitsBetween:
    return commits_between(root / "project", image(first), image(second))


def test_what_an_update_brings_is_listed_newest_first(root: Path) -> None:
    first, second, third = (commit(root, f"Change {number}") for number in range(3))
    found = [Commit(third, AT, "Ada", "Change 2"), Commit(second, AT, "Ada", "Change 1")]
    assert between(root, first, third) == CommitsBetween([], found)
    assert between(root, third, first) == CommitsBetween(found, [])
    assert between(root, third, third) == CommitsBetween()


def test_releases_of_two_branches_have_commits_of_their_own(root: Path) -> None:
    commit(root, "Begin")
    git(root, "branch", "fix")
    first = commit(root, "Feature", "project/feature")
    git(root, "checkout", "-q", "fix")
    second = commit(root, "Fix", "project/fix")
    found = between(root, first, second)
    assert [each.subject for each in found.first] == ["Feature"]
    assert [each.subject for each in found.second] == ["Fix"]


def test_what_changed_elsewhere_in_the_repository_is_left_out(root: Path) -> None:
    first = commit(root, "Begin")
    commit(root, "Something else", "other/file")
    second = commit(root, "Ours")
    assert [each.subject for each in between(root, first, second).second] == ["Ours"]


@pytest.mark.parametrize("subject", ["换模型", "one\u2028two\x1b[31m", "-- --all", "tab\tand more"])
def test_a_subject_is_what_its_author_wrote(root: Path, subject: str) -> None:
    first, second = commit(root, "Begin"), commit(root, subject)
    assert [each.subject for each in between(root, first, second).second] == [subject]


def test_no_configuration_of_a_user_changes_the_list(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = commit(root, "Begin"), commit(root, "Ünïcode")
    for key, value in (("i18n.logOutputEncoding", "latin1"), ("log.date", "raw"), ("color.ui", "always")):
        git(root, "config", key, value)
    assert between(root, first, second).second == [Commit(second, AT, "Ada", "Ünïcode")]


@pytest.mark.parametrize("revision", ["", "HEAD", "--all", "abc12de" + "9" * 33])
def test_a_revision_that_the_repository_lacks_is_named(root: Path, revision: str) -> None:
    known = commit(root, "Begin")
    said = f"{root / 'project'} has no commit {revision[:12]!r}"
    assert between(root, known, revision) == CommitsBetween(unknown=said)
    assert between(root, revision, known) == CommitsBetween(unknown=said)


def test_outside_a_repository_nothing_is_known_and_git_says_why(tmp_path: Path) -> None:
    found = commits_between(tmp_path, image("a" * 40), image("b" * 40))
    assert "not a git repository" in found.unknown
    assert (found.first, found.second) == ([], [])
