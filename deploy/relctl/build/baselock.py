"""Locking the base: Debian's packages by version and hash, for every platform that can be built."""

from collections.abc import Callable

from relctl.build import base, target
from relctl.build.cache import Cache
from relctl.build.changes import Locked, changes
from relctl.build.packages import BaseLock
from relctl.config.project import Project
from relctl.errors import UsageError
from relctl.state.files import replace_text
from relctl.state.paths import Paths

Say = Callable[[str], None]


def lock_base(project: Project, say: Say) -> Locked:
    """Resolve the base's packages and write base.lock.

    Raises UsageError when versions.yaml names no lock, BuildError in apt's words.
    """
    text, locked = _resolve(project, say)
    locked.path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(locked.path, text)
    return locked


def check_base(project: Project, say: Say) -> Locked:
    """Resolve, write nothing, and return what `lock_base` would change."""
    return _resolve(project, say)[1]


def _resolve(project: Project, say: Say) -> tuple[str, Locked]:
    settings = project.versions.base
    if settings.image:
        raise UsageError("versions.yaml: base.image is pinned by its digest already", "relctl lock")
    if settings.lock is None:
        raise UsageError(
            "versions.yaml: base names no lock", "write base: {bootstrap: …, lock: service/base.lock}"
        )
    path = project.root / settings.lock
    old = BaseLock.read(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else BaseLock({})
    new = _today(project, say)
    return str(new), Locked(path, changes(_versions(old), _versions(new)))


def _today(project: Project, say: Say) -> BaseLock:
    suite = project.versions.base.bootstrap
    cache = Cache(Paths(project.state_dir, project.versions.service, project.name).cache)
    found = {}
    for each in target.TARGETS:
        say(f"resolving {suite} for {each.platform}")
        found[suite, each.architecture] = base.resolve(
            cache, suite, each.architecture, project.versions.python
        )
    return BaseLock(found)


def _versions(lock: BaseLock) -> dict[str, str]:
    """Return versions by `package:architecture`, as Debian writes it."""
    return {
        f"{package.name}:{architecture}": package.version
        for (_, architecture), packages in lock.packages.items()
        for package in packages
    }
