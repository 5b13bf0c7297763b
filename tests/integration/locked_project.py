"""What the build tests do to a scratch project: lock it, give it a cache, build it in this process."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from relctl.build.image import Options
from relctl.build.image import build as build_image
from relctl.config.project import load
from relctl.engine.protocol import Engine
from scratch import ROOT, Scratch

BASE_LOCK = "service/base.lock"


def lock_base(scratch: Scratch) -> None:
    """Write a lock of today's packages, as a user does."""
    scratch.edit("versions.yaml", "bootstrap: bookworm", f"bootstrap: bookworm, lock: {BASE_LOCK}")
    scratch.ok("lock", "--base")


def use_cache(scratch: Scratch, cache: Path) -> None:
    """Put a cache in the place of the one that all tests share."""
    link = scratch.state / "cache"
    link.unlink()
    link.symlink_to(cache)


def locked(name: str) -> str:
    """Return one package of the service's own lock."""
    lock = (ROOT / "service/requirements.lock").read_text()
    found = re.search(rf"^{name}==(?:.*\\\n)+.*\n", lock, re.MULTILINE)
    assert found is not None, name
    return found[0]


def build_with(scratch: Scratch, engine: Engine, say: Callable[[str], None] = lambda _: None) -> Any:
    """Build in this process, with an engine of the test's own."""
    settings = load(scratch.root, "local", scratch.environ)
    return build_image(settings, engine, Options(), say)
