"""The dependencies layer: wheels installed below /app/site, without running any code of theirs."""

import configparser
import functools
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from relctl.build import assembly, requirements, tarball
from relctl.build.cache import key
from relctl.build.job import Job
from relctl.build.tarball import Digesting, Layer
from relctl.config.versions import Versions
from relctl.errors import BuildError

if TYPE_CHECKING:
    from installer.destinations import SchemeDictionaryDestination

SITE = "app/site"
_NO_WHEEL = "it is not as PEP 427 says"
_SCHEMES = {"purelib": "", "platlib": "", "data": "", "headers": "include", "scripts": "bin"}


def layer(job: Job) -> Layer:
    """Return the layer of a lock, a Python version and a platform.

    Its files carry the epoch as their time, not the commit's: the digest must not change with a commit that
    leaves the lock as it is.
    """
    where, python = str(job.versions.requirements), interpreter(job.versions)

    def write(out: Digesting) -> Mapping[str, str]:
        lock = job.source.text(where)
        found = _fetched(job, lock)
        job.say(f"unpacking {len(found)} wheels")
        with job.cache.scratch() as root:
            _unpack(found, root, python)
            tarball.write([tarball.folder(SITE), *_entries(root)], tarball.EPOCH, out)
        names = " ".join(f"{name}=={version}" for name, version in sorted(map(requirements.package, found)))
        return {"lock": assembly.digest(lock.encode()), "dependencies": names}

    identity = job.source.identities([where])[where]
    return job.cache.layer("dependencies", key(identity, python, job.target.platform), write)


def _fetched(job: Job, lock: str) -> list[Path]:
    """Return the wheels of a lock, each checked against its hash: the cache may be damaged."""
    where = str(job.versions.requirements)
    pinned, found = requirements.read(lock, where), requirements.fetch(job, lock)
    if other := requirements.altered(found, pinned):
        job.say(f"not what {where} pins, fetching all wheels again: {', '.join(other)} in {found[0].parent}")
        job.cache.drop_wheels(found[0].parent)
        found = requirements.fetch(job, lock)
        other = requirements.altered(found, pinned)
    if other:
        raise BuildError(
            f"{', '.join(other)}: not what {where} pins", "relctl lock; check the indexes that pip uses"
        )
    return found


def interpreter(versions: Versions) -> str:
    """Return the shebang path of console scripts: Debian's Python, or that of the official python images."""
    folder = "/usr/bin" if versions.base.bootstrap else "/usr/local/bin"
    return f"{folder}/python{versions.python}"


def _unpack(found: list[Path], root: Path, python: str) -> None:
    from installer.destinations import SchemeDictionaryDestination

    schemes = {name: f"/{SITE}/{below}".rstrip("/") for name, below in _SCHEMES.items()}
    destination = SchemeDictionaryDestination(schemes, python, "posix", destdir=str(root))
    for wheel in found:
        requirements.insist_on_members(wheel)
        try:
            _install(wheel, destination)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise BuildError(
                f"{wheel.name}: {str(error).replace(str(root), '')}, from another wheel"
            ) from None


def _install(wheel: Path, destination: "SchemeDictionaryDestination") -> None:
    """Install one wheel; raises BuildError, with the original message, if it violates PEP 427."""
    from installer import install
    from installer.exceptions import InstallerError
    from installer.sources import WheelFile

    spoilt = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)
    strange = (InstallerError, configparser.Error, ValueError, KeyError, AssertionError)
    try:
        with WheelFile.open(wheel) as source:
            install(source, destination, {"INSTALLER": b"relctl\n"})
    except (*spoilt, *strange) as error:
        raise requirements.refused(wheel, f"cannot be unpacked: {str(error) or _NO_WHEEL}") from None


def _entries(root: Path) -> Iterator[tarball.Entry]:
    for path in root.rglob("*"):
        if path.is_file():
            facts = path.stat()
            opener = functools.partial(_open, path)
            executable = bool(facts.st_mode & 0o100)
            yield tarball.file(str(path.relative_to(root)), facts.st_size, opener, executable)


def _open(path: Path) -> BinaryIO:
    return path.open("rb")
