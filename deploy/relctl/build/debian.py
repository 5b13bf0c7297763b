"""Debian packages: base.lock, and mmdebstrap, which resolves and extracts them."""

import hashlib
import os
import re
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import cast
from urllib.parse import unquote

from relctl import process
from relctl.errors import BuildError, ConfigError

HINT = "relctl lock --base"

_HEADER = """\
# Debian packages of the base layer, for each platform; written by `relctl lock --base`.
# suite architecture package version sha256
"""
_LINE = re.compile(
    r"(?P<suite>\S+) (?P<architecture>\S+) (?P<name>\S+) (?P<version>\S+) (?P<sha256>[0-9a-f]{64})"
)
# Passed for hosts other than Debian; Debian uses it by default.
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, order=True)
class Package:
    """One package file: name, version, and the sha256 of the .deb."""

    name: str
    version: str
    sha256: str

    @property
    def pin(self) -> str:
        """Return the argument that makes apt take exactly this version."""
        return f"{self.name}={self.version}"


@dataclass(frozen=True)
class BaseLock:
    """base.lock: packages by suite and architecture."""

    packages: dict[tuple[str, str], tuple[Package, ...]]

    @classmethod
    def read(cls, text: str, where: str) -> "BaseLock":
        """Parse base.lock; raises ConfigError, `where:line`, for an invalid line."""
        found: dict[tuple[str, str], list[Package]] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = _LINE.fullmatch(line.strip())
            if match is None:
                raise ConfigError(f"{where}:{number}: not `suite architecture package version sha256`", HINT)
            package = Package(match["name"], match["version"], match["sha256"])
            found.setdefault((match["suite"], match["architecture"]), []).append(package)
        return cls({of: tuple(sorted(packages)) for of, packages in found.items()})

    def __str__(self) -> str:
        lines = [
            f"{suite} {architecture} {package.name} {package.version} {package.sha256}\n"
            for (suite, architecture), packages in sorted(self.packages.items())
            for package in packages
        ]
        return _HEADER + "".join(lines)

    @property
    def versions(self) -> dict[str, str]:
        """Return versions by `package:architecture`, Debian's notation."""
        return {
            f"{package.name}:{architecture}": package.version
            for (_, architecture), packages in self.packages.items()
            for package in packages
        }


def digest(packages: Iterable[Package]) -> str:
    """Return one digest of a list of packages, for an image label."""
    lines = "".join(f"{package.pin} {package.sha256}\n" for package in sorted(packages))
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def wanted(python: str) -> tuple[str, ...]:
    """Return the packages that a Python service needs; apt adds their dependencies."""
    names = ("ca-certificates", "libgomp1", "libstdc++6", "netbase", "tzdata")
    return (f"python{python}-minimal", f"libpython{python}-stdlib", *names)


def bootstrap(suite: str, architecture: str, names: Sequence[str], scratch: Path) -> Path:
    """Extract packages and dependencies; return a tar of the root that still contains the .deb files.

    Raises BuildError with apt's message, or, if a pinned version is gone, with the hint to lock again.
    """
    tar = scratch / "root.tar"
    command = ["mmdebstrap", *_options(), f"--architectures={architecture}", f"--include={','.join(names)}"]
    done = process.run([*command, suite, str(tar)], scratch, {**os.environ, "TMPDIR": str(scratch)})
    if done.returncode != 0:
        raise _in_words(done.stderr.decode(errors="replace"), f"{suite}/{architecture}")
    return tar


def packages(tar: tarfile.TarFile) -> list[Package]:
    """Return the packages that a bootstrapped root was made from."""
    return sorted(_package(tar, member) for member in tar if member.name.endswith(".deb"))


def _options() -> list[str]:
    """Return options that need no privileges and no emulation for another architecture.

    Chrootless mode is dangerous when packages' scripts run, so mmdebstrap 1.4.1 and later refuses it to
    root. The variant `extract` runs none.
    """
    options = ["--variant=extract", "--mode=chrootless", "--format=tar"]
    options.append("--skip=cleanup/apt/cache,check/chrootless")
    unused = [f'--aptopt=Dir::Cache::{name} ""' for name in ("pkgcache", "srcpkgcache")]
    return [*options, *unused, *([f"--keyring={_KEYRING}"] if _KEYRING.is_file() else [])]


def _package(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Package:
    """Parse a name like libcrypt1_1%3a4.4.33-2_amd64.deb, and hash the file."""
    name, version, _ = PurePosixPath(member.name).name.split("_")
    with cast("BufferedReader", tar.extractfile(member)) as content:  # None only for a non-file
        return Package(name, unquote(version), hashlib.file_digest(content, "sha256").hexdigest())


def _in_words(errors: str, where: str) -> BuildError:
    gone = re.findall(r"^E: Version '(\S+)' for '(\S+)' was not found", errors, re.MULTILINE)
    if gone:
        listed = ", ".join(f"{name} {version}" for version, name in gone)
        return BuildError(f"base.lock is stale: {where} does not offer {listed} any more", HINT)
    unknown = re.findall(r"^E: Unable to locate package (\S+)", errors, re.MULTILINE)
    if unknown:
        return BuildError(
            f"{where} has no package {', '.join(unknown)}", "correct python or base in versions.yaml"
        )
    said = [line.removeprefix("E: ") for line in errors.splitlines() if line.startswith("E: ")]
    reason = said[0] if said else errors.strip()[-300:]
    return BuildError(
        f"{where} cannot be bootstrapped: {reason}", f"mmdebstrap --variant=extract {where.split('/')[0]}"
    )
