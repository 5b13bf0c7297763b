"""The base layers: bootstrapped from Debian packages, or taken from an image in the engine."""

import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from relctl.build import debian, rootfs, tarball
from relctl.build.cache import Cache, key
from relctl.build.debian import BaseLock, Package
from relctl.build.job import Job
from relctl.build.layer import Digesting, Layer
from relctl.config.versions import Base
from relctl.engine.protocol import Engine
from relctl.errors import BuildError


def layers(job: Job, engine: Engine) -> list[Layer]:
    """Return the layers below all others."""
    if job.versions.base.image:
        return _of_image(engine, job.versions.base)
    return [_bootstrapped(job)]


def _bootstrapped(job: Job) -> Layer:
    """Bootstrap the base; without a lock, use the packages current when this machine first fetched them."""
    suite, names = job.versions.base.bootstrap, debian.wanted(job.versions.python)
    pinned = _pinned(job, names) if job.versions.base.lock else ()
    asked = [package.pin for package in pinned] or names

    def write(out: Digesting) -> Mapping[str, str]:
        job.say(f"bootstrapping {suite} for {job.target.platform}")
        with job.cache.scratch() as scratch:
            root = debian.bootstrap(suite, job.target.architecture, asked, scratch)
            return {"packages": debian.digest(_write(root, suite, pinned, out))}

    of = debian.digest(pinned) if pinned else names
    return job.cache.layer("base", key(suite, of, job.target.platform), write)


def resolve(cache: Cache, suite: str, architecture: str, python: str) -> tuple[Package, ...]:
    """Return the packages that a base would contain today."""
    with cache.scratch() as scratch:
        root = debian.bootstrap(suite, architecture, debian.wanted(python), scratch)
        with tarfile.open(root) as tar:
            return tuple(debian.packages(tar))


def _pinned(job: Job, names: Iterable[str]) -> tuple[Package, ...]:
    where, suite = str(job.versions.base.lock), job.versions.base.bootstrap
    lock = BaseLock.read(job.source.text(where), where)
    pinned = lock.packages.get((suite, job.target.architecture), ())
    missing = sorted(set(names) - {package.name for package in pinned})
    if missing:
        platform = f"{suite} on {job.target.platform}"
        raise BuildError(f"{where} is stale: for {platform} it lacks {', '.join(missing)}", debian.HINT)
    return pinned


def _write(root: Path, suite: str, pinned: tuple[Package, ...], out: Digesting) -> list[Package]:
    with tarfile.open(root) as tar:
        found = debian.packages(tar)
        if pinned:
            _compare(pinned, found, suite)
        tarball.write(rootfs.entries(tar, found, suite), tarball.EPOCH, out)
    return found


def _compare(pinned: tuple[Package, ...], found: list[Package], suite: str) -> None:
    differing = sorted(set(pinned) ^ set(found))
    if differing:
        names = ", ".join(dict.fromkeys(package.name for package in differing))
        raise BuildError(f"base.lock is stale: what {suite} offers differs from it in {names}", debian.HINT)


def _of_image(engine: Engine, base: Base) -> list[Layer]:
    """Use an image's layers by digest; their contents stay in the engine."""
    image = engine.image(base.image) or engine.image(base.image.rpartition("@")[2])
    if image is None:
        raise BuildError(f"the base {base.image} is not in the engine", f"docker pull {base.image}")
    return [Layer("base", digest, 0, None) for digest in image.layers]
