"""The door to mmdebstrap: Debian's packages extracted into a root, none of their scripts run."""

import hashlib
import os
import re
import tarfile
from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import cast
from urllib.parse import unquote

from relctl.build import program
from relctl.build.packages import HINT, Package
from relctl.errors import BuildError

# Named for hosts that are not Debian; a Debian finds it without.
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def wanted(python: str) -> tuple[str, ...]:
    """Return the packages that a Python service stands on; apt adds the libraries that they need."""
    names = ("ca-certificates", "libgomp1", "libstdc++6", "netbase", "tzdata")
    return (f"python{python}-minimal", f"libpython{python}-stdlib", *names)


def bootstrap(suite: str, architecture: str, names: Sequence[str], scratch: Path) -> Path:
    """Extract packages and what they depend on; returns a tar of the root, the .deb files still in it.

    Raises BuildError with apt's own words, or, for a version that is gone, with the way to a new lock.
    """
    tar = scratch / "root.tar"
    command = ["mmdebstrap", *_options(), f"--architectures={architecture}", f"--include={','.join(names)}"]
    done = program.run([*command, suite, str(tar)], scratch, {**os.environ, "TMPDIR": str(scratch)})
    if done.returncode != 0:
        raise _in_words(done.stderr.decode(errors="replace"), f"{suite}/{architecture}")
    return tar


def packages(tar: tarfile.TarFile) -> list[Package]:
    """Return the packages that a bootstrapped root was made of."""
    return sorted(_package(tar, member) for member in tar if member.name.endswith(".deb"))


def _options() -> list[str]:
    """Say what is needed, which is little: no privilege, and no emulation for another architecture.

    Chrootless mode is dangerous where it runs packages' scripts; the variant `extract` runs none.
    """
    options = ["--variant=extract", "--mode=chrootless", "--format=tar", "--skip=cleanup/apt/cache"]
    unused = [f'--aptopt=Dir::Cache::{name} ""' for name in ("pkgcache", "srcpkgcache")]
    return [*options, *unused, *([f"--keyring={_KEYRING}"] if _KEYRING.is_file() else [])]


def _package(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Package:
    """Read a name like libcrypt1_1%3a4.4.33-2_amd64.deb, and the file's digest."""
    name, version, _ = PurePosixPath(member.name).name.split("_")
    with cast("BufferedReader", tar.extractfile(member)) as content:  # None only for what is no file
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
