"""What a build and a lock would do: one line each, their refusals, and that nothing is written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from memory_engine import MemoryEngine
from relctl.build.image import Options, describe_build
from relctl.build.lock_files import describe_lock
from relctl.config.project import Project, load
from relctl.engine.protocol import Image
from relctl.errors import RelctlError, UsageError
from relctl.state.steps import Step
from scratch import ECHO


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(ECHO, tmp_path / "project")
    git(tmp_path / "project", "init", "-q", "-b", "main")
    git(tmp_path / "project", "add", "-A")
    git(tmp_path / "project", "commit", "-qm", "Begin")
    return tmp_path / "project"


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True)


def project(root: Path) -> Project:
    return load(root, "local", {"RELCTL_STATE_DIR": str(root.parent / "state")})


def everything(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file beside and in the project; git may refresh its index, as `git status` does."""
    found = (path for path in root.parent.rglob("*") if path.is_file() and path.name != "index")
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def head(root: Path) -> str:
    return subprocess.run(
        ["git", "rev-parse", "--short=7", "HEAD"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_build_is_told_in_a_line_and_nothing_is_written(root: Path) -> None:
    commit, engine, before = head(root), MemoryEngine(), everything(root)
    step = describe_build(project(root), engine, Options(platform="linux/arm64"))
    named = step.does.split()[1]
    assert named.endswith(f":v{project(root).versions.version}-{commit}")
    assert step.does == (f"make {named} for linux/arm64 from commit {commit}; the engine does not have it")
    engine.add(Image("sha256:1", (named,), {}, (), "", 1))
    again = describe_build(project(root), engine, Options(platform="linux/arm64"))
    assert again.does.endswith("; the engine has an image of that name")
    assert everything(root) == before


def test_a_dirty_tree_is_refused_unless_it_is_allowed(root: Path) -> None:
    (root / "new.txt").write_text("new\n")
    before = everything(root)
    with pytest.raises(UsageError, match=r"new\.txt"):
        describe_build(project(root), MemoryEngine(), Options())
    assert "-dirty." in describe_build(project(root), MemoryEngine(), Options(allow_dirty=True)).does
    assert everything(root) == before


def test_a_platform_that_is_not_built_for_is_refused(root: Path) -> None:
    with pytest.raises(UsageError, match="unknown platform 'linux/sparc'"):
        describe_build(project(root), MemoryEngine(), Options(platform="linux/sparc"))


def test_a_path_that_the_commit_lacks_is_refused(root: Path) -> None:
    git(root, "rm", "-rq", "--cached", "model")
    (root / ".gitignore").write_text("model\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Without")
    with pytest.raises(RelctlError, match=r"versions\.yaml names model"):
        describe_build(project(root), MemoryEngine(), Options())


def test_a_lock_is_told_in_a_line_and_nothing_is_written(root: Path) -> None:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    versions = root / "versions.yaml"
    text = versions.read_text().replace("bootstrap: bookworm", "bootstrap: bookworm, lock: base.lock")
    versions.write_text(f'{text}python: "{running}"\n')
    (root / "service" / "requirements.in").write_text("gunicorn\n")
    before = everything(root)
    base = "replace base.lock by the packages of bookworm for linux/amd64 and linux/arm64"
    both = f"replace service/requirements.lock by what service/requirements.in comes to; {base}"
    assert describe_lock(project(root), base_only=False) == Step("lock", both)
    assert describe_lock(project(root), base_only=True) == Step("lock", base)
    assert everything(root) == before


def test_a_lock_is_refused_as_it_really_would_be(root: Path) -> None:
    with pytest.raises(UsageError, match=r"requirements\.in: there is no such file"):
        describe_lock(project(root), base_only=False)
    with pytest.raises(UsageError, match="base names no lock"):
        describe_lock(project(root), base_only=True)
