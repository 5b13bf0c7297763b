"""A job for tests of single layers: a real commit in a scratch repository, a cache of its own."""

import subprocess
from pathlib import Path
from typing import Any

from relctl.build.cache import Cache
from relctl.build.checkout import open_checkout
from relctl.build.job import Job, find_target
from relctl.config.versions import Versions
from relctl.tag import Tag

VERSIONS: dict[str, Any] = {
    "service": "x",
    "version": "1.2.0",
    "image": "x",
    "base": {"bootstrap": "bookworm"},
    "requirements": "requirements.lock",
    "code": ["service/app"],
    "model": {"path": "model", "name": "tiny", "revision": "1", "sha256": "0" * 64, "license": "MIT"},
    "command": ["python3.11", "-m", "app"],
    "contract": {"port": 8000},
}


def git(root: Path, *arguments: str) -> str:
    """Run git as someone."""
    command = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.invalid", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def job(folder: Path, files: dict[str, bytes], **versions: Any) -> Job:
    """Commit `files` in a new repository and make the job of building them."""
    root = folder / "project"
    for name, content in {"versions.yaml": b"", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git(root, "init", "-q", "-b", "main")
    return again(folder, **versions)


def again(folder: Path, **versions: Any) -> Job:
    """Commit what is in the repository now, and make the job of building that."""
    root, scratch = folder / "project", folder / "scratch"
    git(root, "add", "-A")
    git(root, "commit", "-qm", "change", "--allow-empty", "--date=2026-01-02T03:04:05Z")
    source = open_checkout(root, allow_dirty=False, scratch=scratch)
    settings = Versions.model_validate(VERSIONS | versions)
    tag = Tag(settings.version, source.revision[:7])
    return Job(source, settings, tag, find_target("linux/amd64"), Cache(folder / "cache"), lambda _: None)
