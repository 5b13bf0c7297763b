"""The base layers: bootstrapped from Debian packages, or taken from an image in the engine."""

import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, cast

from relctl.build import debian, tarball
from relctl.build.cache import Cache, key
from relctl.build.debian import BaseLock, Package
from relctl.build.job import Job
from relctl.build.tarball import Digesting, Layer
from relctl.config.versions import Base
from relctl.engine.protocol import Engine
from relctl.errors import BuildError

USER = 65532  # as `nonroot` in distroless images

# Programs other than Python (no shell, no package manager) and their data, files specific to the build
# machine, iconv's character sets (8 MB; Python has its own, and libc has UTF-8), and documentation.
# Licences stay: they must accompany the files.
_DROPPED = re.compile(
    r"(bin|sbin|usr/sbin|usr/libexec|dev|var)(/|$)"
    r"|usr/bin/(?!python3)"
    r"|etc/(apt|dpkg|cron|logrotate|alternatives|debconf|fstab|hostname|resolv|rmt)"
    r"|(usr/)?lib/(systemd|mime|binfmt)"
    r"|(usr/)?lib/[^/]+/gconv/"
    r"|usr/share/doc/[^/]+/(?!copyright$)"
    r"|usr/share/(man|info|locale|lintian|bug|bash-completion|binfmts|debconf|dpkg|perl5|pixmaps|polkit-1|gdb)(/|$)"
)
_CERTIFICATES = "usr/share/ca-certificates/"
_TEXTS = {
    "etc/passwd": f"root:x:0:0::/root:/sbin/nologin\nnonroot:x:{USER}:{USER}::/tmp:/sbin/nologin\n",
    "etc/group": f"root:x:0:\nnonroot:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


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
        tarball.write(entries(tar, found, suite), tarball.EPOCH, out)
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


def entries(tar: tarfile.TarFile, packages: Iterable[Package], suite: str) -> Iterator[tarball.Entry]:
    """Yield the base layer's entries from a bootstrapped root."""
    kept = [member for member in tar if not _DROPPED.match(_path(member)) and not member.isdir()]
    yield from (_entry(tar, member) for member in kept)
    yield from _merged({_path(member) for member in kept})
    yield tarball.text("etc/ssl/certs/ca-certificates.crt", _bundle(tar, kept))
    yield from (tarball.text(path, content) for path, content in _TEXTS.items())
    yield tarball.text(
        "etc/os-release", f'ID=debian\nPRETTY_NAME="Debian {suite}"\nVERSION_CODENAME={suite}\n'
    )
    yield from (
        tarball.text(f"var/lib/dpkg/status.d/{package.name}", _status(package)) for package in packages
    )
    yield from (tarball.folder(path) for path in ("dev", "proc", "root", "run", "sys"))
    yield from (tarball.folder(path, 0o1777) for path in ("tmp", "var/tmp"))


def _merged(paths: set[str]) -> Iterator[tarball.Entry]:
    """Link /lib64 and the like to /usr, as base-files does on merged systems (Debian 13 and later).

    Programs name their dynamic loader by the old path.
    """
    tops = {path.partition("/")[0] for path in paths}
    below = {path.split("/")[1] for path in paths if path.startswith("usr/")}
    for name in ("bin", "lib", "lib64"):
        if name in below - tops:
            yield tarball.link(name, f"usr/{name}")


def _path(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./")


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> tarball.Entry:
    """Copy a file or a symbolic link; a hard link becomes a separate file. Set-id bits are dropped."""
    if member.issym():
        return tarball.link(_path(member), member.linkname)
    origin = tar.getmember(member.linkname) if member.islnk() else member
    return tarball.file(_path(member), origin.size, partial(_open, tar, origin), bool(origin.mode & 0o100))


def _open(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    return cast("IO[bytes]", tar.extractfile(member))  # None only for what is no file


def _bundle(tar: tarfile.TarFile, kept: Iterable[tarfile.TarInfo]) -> str:
    """Concatenate the certificates like update-ca-certificates, a script that is not run."""
    found = {_path(member): member for member in kept if _path(member).startswith(_CERTIFICATES)}
    texts = []
    for path in sorted(found):
        if path.endswith(".crt"):
            with _open(tar, found[path]) as stream:
                texts.append(stream.read().decode().rstrip("\n") + "\n")
    return "".join(texts)


def _status(package: Package) -> str:
    """Return a package's entry where scanners look without dpkg, as in distroless images."""
    return f"Package: {package.name}\nStatus: install ok installed\nVersion: {package.version}\n"
