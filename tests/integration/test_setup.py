"""`make setup` without root: clear words, the next command, exit code 2."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scratch import ROOT

FILES = ("pyproject.toml", "constraints.txt", "service/requirements.lock", "deploy/setup.sh")
NEEDED = (
    "bash",
    "cat",
    "dirname",
    "echo",
    "env",
    "id",
    "python3",
    "sha256sum",
    "xargs",
    "seq",
    "sleep",
    "mkdir",
)
NOBODY = 65534


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A folder that anybody can read, set up already but for what a test takes away."""
    folder = Path(tempfile.mkdtemp(prefix="relctl-test-"))
    folder.chmod(0o755)
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to("/usr/bin/python3")
    content = b"".join((folder / name).read_bytes() for name in FILES)
    (folder / ".venv" / ".setup").write_text(f"{hashlib.sha256(content).hexdigest()}  -")
    yield folder
    shutil.rmtree(folder)


def setup(checkout: Path, path: str) -> subprocess.CompletedProcess[str]:
    """Run setup as a user without rights."""
    environ = {"PATH": path, "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    return subprocess.run(
        [shutil.which("bash") or "bash", "deploy/setup.sh"],
        cwd=checkout, env=environ, user=NOBODY, group=NOBODY, extra_groups=[],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")


def test_an_engine_that_this_user_may_not_use_is_said_so(checkout: Path) -> None:
    done = setup(checkout, "/usr/sbin:/usr/bin:/sbin:/bin")
    assert done.returncode == 2, done.stderr
    assert "no engine answers, and starting one needs root" in done.stderr
    assert "next: sudo make setup" in done.stderr


def bare(checkout: Path, **more: str) -> str:
    """Make a PATH with little on it but apt-get, and `more`: names by what they are; returns it."""
    tools = checkout / "tools"
    tools.mkdir()
    for name in NEEDED:
        (tools / name).symlink_to(f"/usr/bin/{name}")
    for name, target in {"apt-get": "/usr/bin/true", **more}.items():
        (tools / name).symlink_to(target)
    return str(tools)


def test_missing_packages_are_named_with_the_command_that_installs_them(checkout: Path) -> None:
    done = setup(checkout, bare(checkout, **{"apt-cache": "/usr/bin/false"}))
    assert done.returncode == 2, done.stderr
    assert "missing packages need root:" in done.stderr
    assert "next: sudo apt-get install" in done.stderr
    assert "mmdebstrap" in done.stderr
    assert "docker-cli" not in done.stderr, "where there is no such package, docker.io brings the command"


def test_a_package_of_the_docker_command_is_named_where_there_is_one(checkout: Path) -> None:
    done = setup(checkout, bare(checkout, **{"apt-cache": "/usr/bin/true"}))
    needed, _, command = done.stderr.partition("next: sudo apt-get install ")
    assert "docker-cli" in command.split()
    assert "docker-cli" not in needed, "it is no reason to fail"
