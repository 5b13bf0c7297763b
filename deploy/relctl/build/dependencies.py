"""The dependencies layer: wheels unpacked below /app/site, as an installer would, without running any."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from relctl.build import assembly, requirements, tarball
from relctl.build.cache import key
from relctl.build.job import Job
from relctl.build.layer import Digesting, Layer
from relctl.config.versions import Versions
from relctl.errors import BuildError

SITE = "app/site"
_SCHEMES = {"purelib": "", "platlib": "", "data": "", "headers": "include", "scripts": "bin"}


def layer(job: Job) -> Layer:
    """Return the layer of a lock, a Python and a platform.

    The time of its files is the epoch and not the commit's: its digest must not change with a commit that
    leaves the lock as it is.
    """
    where, python = str(job.versions.requirements), interpreter(job.versions)

    def write(out: Digesting) -> Mapping[str, str]:
        lock = job.source.text(where)
        found = requirements.fetch(job, lock)
        job.say(f"unpacking {len(found)} wheels")
        with job.cache.scratch() as root:
            _unpack(found, root, python)
            tarball.write([tarball.folder(SITE), *_entries(root)], tarball.EPOCH, out)
        names = " ".join(f"{name}=={version}" for name, version in sorted(requirements.versions(found)))
        return {"lock": assembly.digest(lock.encode()), "dependencies": names}

    identity = job.source.identities([where])[where]
    return job.cache.layer("dependencies", key(identity, python, job.target.platform), write)


def interpreter(versions: Versions) -> str:
    """Return what console scripts start with: Debian's Python, or that of the official python images."""
    folder = "/usr/bin" if versions.base.bootstrap else "/usr/local/bin"
    return f"{folder}/python{versions.python}"


def _unpack(found: list[Path], root: Path, python: str) -> None:
    from installer import install
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    schemes = {name: f"/{SITE}/{below}".rstrip("/") for name, below in _SCHEMES.items()}
    destination = SchemeDictionaryDestination(schemes, python, "posix", destdir=str(root))
    for wheel in found:
        try:
            with WheelFile.open(wheel) as source:
                install(source, destination, {"INSTALLER": b"relctl\n"})
        except FileExistsError as error:
            raise BuildError(
                f"{wheel.name}: {str(error).replace(str(root), '')}, from another wheel"
            ) from None


def _entries(root: Path) -> Iterator[tarball.Entry]:
    for path in root.rglob("*"):
        if path.is_file():
            facts = path.stat()
            opener = functools.partial(_open, path)
            executable = bool(facts.st_mode & 0o100)
            yield tarball.file(str(path.relative_to(root)), facts.st_size, opener, executable)


def _open(path: Path) -> BinaryIO:
    return path.open("rb")
