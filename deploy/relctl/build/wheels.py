"""Checks of wheels before unpacking: they match the lock and hold only safe files."""

import hashlib
import stat
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from relctl.build.requirements import Pin, package
from relctl.build.whiteout import insist_on_files
from relctl.errors import BuildError

# The largest known wheel unpacks to 3 GB, and the most compressed ones to 20 times their size.
_MOST_BYTES = 8 * 1024**3
_MOST_TIMES = 100
_HARMLESS = 16 * 1024**2  # bytes; below this any compression ratio is allowed
_MOST_MEMBERS = 200_000
_OTHER = "choose another version in requirements.in, then relctl lock"


def altered(wheels: Iterable[Path], pinned: Iterable[Pin]) -> list[str]:
    """Return the names of the wheels whose sha256 is not in the lock."""
    allowed = {each.name: each.hashes for each in pinned}
    return [wheel.name for wheel in wheels if _sha256(wheel) not in allowed.get(package(wheel)[0], ())]


def insist_on_members(wheel: Path) -> None:
    """Raise BuildError for unsafe members: a hash in the lock does not make a wheel safe."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise refused(wheel, f"cannot be read: {error}") from None
    _insist_on_size(wheel, members)
    for member in members:
        _insist_on_file(wheel, member)
    _insist_on_one_each(wheel, members)


def _insist_on_size(wheel: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Check the sizes stated in the archive; a member is never unpacked beyond its own."""
    size, packed = sum(member.file_size for member in members), wheel.stat().st_size
    if len(members) > _MOST_MEMBERS:
        raise refused(wheel, f"holds {len(members):,} files; {_MOST_MEMBERS:,} are allowed")
    if size > _MOST_BYTES:
        raise refused(wheel, f"would unpack to {size / 1e9:,.1f} GB; {_MOST_BYTES / 1e9:.1f} GB are allowed")
    if size > max(_HARMLESS, _MOST_TIMES * packed):
        times = f"{size / packed:,.0f} times its size; {_MOST_TIMES} times are allowed"
        raise refused(wheel, f"would unpack to {size / 1e6:,.0f} MB, {times}")


def _insist_on_file(wheel: Path, member: zipfile.ZipInfo) -> None:
    name = member.orig_filename  # zipfile cuts `filename` at a NUL
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or {"", ".", ".."} & {*parts}:
        raise refused(wheel, f"{name!r} does not stay below the folder that it is unpacked to")
    if any(character in name for character in "\\\0\r\n") or max(len(part.encode()) for part in parts) > 255:
        raise refused(wheel, f"{name!r} is not a valid file name")
    insist_on_files(name, f"{wheel.name}: {name}")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a symbolic link" if kind == stat.S_IFLNK else "neither a file nor a folder"
        raise refused(wheel, f"{name!r} is {what}")
    if member.flag_bits & 1:
        raise refused(wheel, f"{name!r} is encrypted")


def _insist_on_one_each(wheel: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Reject duplicates, and files that are folders too: the result would depend on the unpacker."""
    files = Counter(member.filename for member in members if not member.is_dir())
    twice = [name for name, count in files.items() if count > 1]
    folders = {str(folder) for name in files for folder in PurePosixPath(name).parents}
    folders |= {member.filename.removesuffix("/") for member in members if member.is_dir()}
    for name in [*twice, *sorted(folders & files.keys())]:
        raise refused(wheel, f"{name!r} is in it twice")


def refused(wheel: Path, why: str) -> BuildError:
    """Return the error for a wheel that must not be unpacked."""
    return BuildError(f"{wheel.name}: {why}", _OTHER)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
