"""What a build and a lock would do: their steps, their refusals, and that nothing is written."""

import shutil
import sys
from pathlib import Path

import pytest

from memory_engine import MemoryEngine
from relctl.build.image import Options
from relctl.build.plan import plan_build, plan_lock
from relctl.config.project import Project, load
from relctl.engine.protocol import Image
from relctl.errors import RelctlError, UsageError
from scratch import ECHO


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(ECHO, tmp_path / "project")
    git(tmp_path / "project", "init", "-q", "-b", "main")
    git(tmp_path / "project", "add", "-A")
    git(tmp_path / "project", "commit", "-qm", "Begin")
    return tmp_path / "project"


def git(root: Path, *arguments: str) -> None:
    import subprocess

    who = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True)


def project(root: Path) -> Project:
    return load(root, "local", {"RELCTL_STATE_DIR": str(root.parent / "state")})


def everything(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file beside and in the project; git may refresh its index, as `git status` does."""
    found = (path for path in root.parent.rglob("*") if path.is_file() and path.name != "index")
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def test_the_steps_of_a_build_are_told_and_nothing_is_written(root: Path) -> None:
    before = everything(root)
    steps = plan_build(project(root), MemoryEngine(), Options())
    layers = ["code", "model", "dependencies", "base"]
    assert [step.name for step in steps] == [*layers, "load", "origin", "record"]
    assert everything(root) == before


def test_what_the_engine_has_is_not_loaded_again(root: Path) -> None:
    engine = MemoryEngine()
    named = plan_build(project(root), engine, Options())[-3].does.split()[1]
    engine.add(Image("sha256:1", (named,), {}, (), "", 1))
    assert [step.name for step in plan_build(project(root), engine, Options())][4:] == ["existing", "origin"]


def test_a_dirty_tree_is_refused_unless_it_is_allowed(root: Path) -> None:
    (root / "new.txt").write_text("new\n")
    before = everything(root)
    with pytest.raises(UsageError, match=r"new\.txt"):
        plan_build(project(root), MemoryEngine(), Options())
    assert "-dirty." in plan_build(project(root), MemoryEngine(), Options(allow_dirty=True))[-1].does
    assert everything(root) == before


def test_a_path_that_the_commit_lacks_is_refused(root: Path) -> None:
    git(root, "rm", "-rq", "--cached", "model")
    (root / ".gitignore").write_text("model\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Without")
    with pytest.raises(RelctlError, match=r"versions\.yaml names model"):
        plan_build(project(root), MemoryEngine(), Options())


def test_the_steps_of_a_lock_are_told_and_nothing_is_written(root: Path) -> None:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    versions = root / "versions.yaml"
    text = versions.read_text().replace("bootstrap: bookworm", "bootstrap: bookworm, lock: base.lock")
    versions.write_text(f'{text}python: "{running}"\n')
    (root / "service" / "requirements.in").write_text("gunicorn\n")
    before = everything(root)
    steps = plan_lock(project(root), base_only=False)
    assert [step.name for step in steps] == ["requirements", "write", "base", "base", "write"]
    assert [step.name for step in plan_lock(project(root), base_only=True)] == ["base", "base", "write"]
    assert everything(root) == before


def test_a_lock_is_refused_as_it_really_would_be(root: Path) -> None:
    with pytest.raises(UsageError, match=r"requirements\.in: there is no such file"):
        plan_lock(project(root), base_only=False)
    with pytest.raises(UsageError, match="base names no lock"):
        plan_lock(project(root), base_only=True)
