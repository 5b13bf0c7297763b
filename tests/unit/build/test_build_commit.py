"""What a build takes from git: HEAD's commit, or a dirty tree when asked, and nothing else."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from relctl.build.checkout import open_checkout
from relctl.errors import BuildError, UsageError


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.invalid", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, **files: str) -> None:
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "change")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit of versions.yaml, .gitignore and app/main.py."""
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "versions.yaml").write_text("service: x\n")
    (root / ".gitignore").write_text("*.pyc\n")
    commit(root, **{"app__main.py": "print(1)\n"})
    return root


def test_a_clean_tree_gives_heads_commit_and_its_time(root: Path, scratch: Path) -> None:
    (root / "app" / "main.pyc").write_text("ignored")
    source = open_checkout(root, allow_dirty=False, scratch=scratch)
    assert source.revision == git(root, "rev-parse", "HEAD")
    assert source.created == int(git(root, "log", "-1", "--format=%ct"))
    assert source.dirty == ""
    assert [blob.path for blob in source.files("app")] == ["app/main.py"]


def test_a_dirty_tree_is_refused_with_the_files_that_make_it_so(root: Path, scratch: Path) -> None:
    (root / "app" / "main.py").write_text("print(2)\n")
    (root / "app" / "new.py").write_text("")
    git(root, "rm", "-q", "--cached", ".gitignore")
    with pytest.raises(UsageError) as caught:
        open_checkout(root, allow_dirty=False, scratch=scratch)
    assert caught.value.exit_code == 2
    lines = caught.value.message.splitlines()
    assert lines[1:] == ["  D  .gitignore", "   M app/main.py", "  ?? .gitignore", "  ?? app/new.py"]
    assert "git commit" in caught.value.hint
    assert "where the environment says allow_dirty: true" in caught.value.hint


def test_a_long_list_of_changes_is_cut(root: Path, scratch: Path) -> None:
    for number in range(25):
        (root / f"new{number:02}").touch()
    with pytest.raises(UsageError, match="… and 5 more"):
        open_checkout(root, allow_dirty=False, scratch=scratch)


def test_a_dirty_tree_is_taken_as_it_is_when_asked_and_the_repository_is_not_touched(
    root: Path, scratch: Path
) -> None:
    (root / "app" / "main.py").write_text("print(2)\n")
    (root / "app" / "new.py").write_text("new\n")
    (root / "app" / "main.pyc").write_text("ignored")
    before = git(root, "status", "--porcelain"), git(root, "count-objects")
    source = open_checkout(root, allow_dirty=True, scratch=scratch)
    assert [blob.path for blob in source.files("app")] == ["app/main.py", "app/new.py"]
    assert source.text("app/main.py") == "print(2)\n"
    assert (git(root, "status", "--porcelain"), git(root, "count-objects")) == before


def test_the_hash_of_a_dirty_tree_is_of_its_contents_alone(root: Path, tmp_path: Path) -> None:
    found = []
    for number, content in enumerate(["print(2)\n", "print(3)\n", "print(2)\n"]):
        (root / "app" / "main.py").write_text(content)
        (tmp_path / str(number)).mkdir()
        found.append(open_checkout(root, allow_dirty=True, scratch=tmp_path / str(number)).dirty)
    assert found[0] == found[2] != found[1]
    assert len(found[0]) == 12


def test_a_change_in_the_second_of_the_commit_is_seen_in_a_later_one(root: Path, scratch: Path) -> None:
    """Git compares times by the second, and contents only where a file is no older than the index."""
    path = root / "app" / "main.py"
    for number in range(10, 30):
        commit(root, **{"app__main.py": f"print({number})\n"})
        committed = int(path.stat().st_mtime)
        path.write_text(f"print({number + 50})\n")  # as long as before
        if int(path.stat().st_mtime) == committed == int((root / ".git" / "index").stat().st_mtime):
            break
    else:
        pytest.fail("no commit and no change fell into one second")
    while int(time.time()) == committed:
        time.sleep(0.05)
    source = open_checkout(root, allow_dirty=True, scratch=scratch)
    assert source.text("app/main.py") == path.read_text()


def test_a_project_below_the_top_of_a_repository_sees_its_own_part_only(root: Path, scratch: Path) -> None:
    commit(root, **{"part__versions.yaml": "service: y\n", "part__app__main.py": "part\n"})
    (root / "elsewhere").write_text("not ours")
    source = open_checkout(root / "part", allow_dirty=False, scratch=scratch)
    assert source.text("app/main.py") == "part\n"
    (root / "part" / "app" / "main.py").write_text("changed\n")
    source = open_checkout(root / "part", allow_dirty=True, scratch=scratch)
    assert source.text("app/main.py") == "changed\n"
    assert [blob.path for blob in source.files("app")] == ["app/main.py"]


def test_a_folder_outside_any_repository_is_refused(tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(UsageError, match="not in a git repository") as caught:
        open_checkout(tmp_path, allow_dirty=False, scratch=scratch)
    assert "git init" in caught.value.hint


def test_a_repository_without_a_commit_is_refused(tmp_path: Path, scratch: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(UsageError, match="no commit yet"):
        open_checkout(tmp_path, allow_dirty=True, scratch=scratch)


def test_a_path_that_the_commit_lacks_is_named(root: Path, scratch: Path) -> None:
    source = open_checkout(root, allow_dirty=False, scratch=scratch)
    for missing in (lambda: source.identities(["app", "gone"]), lambda: source.files("gone")):
        with pytest.raises(BuildError, match=r"versions\.yaml names gone, which commit"):
            missing()


@pytest.mark.parametrize("dirty", [False, True], ids=("clean", "dirty"))
def test_a_versions_yaml_that_git_was_told_to_overlook_is_refused(
    root: Path, scratch: Path, dirty: bool
) -> None:
    git(root, "update-index", "--assume-unchanged", "versions.yaml")
    (root / "versions.yaml").write_text("service: other\n")
    if dirty:
        (root / "app" / "main.py").write_text("print(2)\n")
    with pytest.raises(UsageError, match=r"versions\.yaml is not commit"):
        open_checkout(root, allow_dirty=dirty, scratch=scratch)


def test_the_variables_of_an_outer_git_are_not_followed(
    root: Path, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nowhere"))
    assert open_checkout(root, allow_dirty=False, scratch=scratch).dirty == ""


def test_a_repository_whose_ids_are_sha256_is_built_from(tmp_path: Path, scratch: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "project")
    commit(tmp_path / "project", **{"versions.yaml": "service: x\n"})
    source = open_checkout(tmp_path / "project", allow_dirty=False, scratch=scratch)
    assert len(source.revision) == 64
    assert source.text("versions.yaml") == "service: x\n"


def test_a_submodule_is_named(root: Path, scratch: Path, tmp_path: Path) -> None:
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(root), "app/sub")
    git(root, "commit", "-qam", "submodule")
    source = open_checkout(root, allow_dirty=False, scratch=scratch)
    with pytest.raises(BuildError, match="app/sub: a submodule"):
        source.files("app")


def stand_in_for_git(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_contents_that_git_has_lost_are_named_in_gits_words(root: Path, scratch: Path) -> None:
    source = open_checkout(root, allow_dirty=False, scratch=scratch)
    (blob,) = source.files("app")
    damaged = root / ".git" / "objects" / blob.id[:2] / blob.id[2:]
    damaged.chmod(0o644)
    damaged.write_bytes(b"damaged")
    with (
        source.contents() as contents,
        pytest.raises(BuildError, match=r"app/main\.py: git has lost its contents, \w+: error: ") as caught,
    ):
        contents.open(blob)
    assert caught.value.hint == "git fsck"


def test_a_git_that_has_ended_is_an_error_and_not_a_broken_pipe(
    root: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_checkout(root, allow_dirty=False, scratch=scratch)
    (blob,) = source.files("app")
    stand_in_for_git(monkeypatch, scratch, "echo 'fatal: out of memory' >&2; exit 128")
    with source.contents() as contents:
        time.sleep(0.2)
        with pytest.raises(BuildError, match=r"lost its contents, \w+: fatal: out of memory$"):
            contents.open(blob)


def test_a_git_that_says_a_lot_does_not_stand_still(
    root: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_checkout(root, allow_dirty=False, scratch=scratch)
    (blob,) = source.files("app")
    stand_in_for_git(monkeypatch, scratch, f'head -c 1000000 /dev/zero >&2; exec {shutil.which("git")} "$@"')
    with source.contents() as contents, contents.open(blob) as stream:
        assert stream.read(blob.size) == b"print(1)\n"
