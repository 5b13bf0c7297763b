"""requirements.lock: parsing it, and fetching its wheels with pip, for any platform."""

import hashlib
import re
import stat
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from relctl import process
from relctl.build.cache import key
from relctl.build.job import Job, Target
from relctl.build.tarball import insist_on_files
from relctl.errors import BuildError, ConfigError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

HINT = "relctl lock"

_HASH = re.compile(r"--hash[= ]sha256:(?P<digest>[0-9a-f]{64})(?!\S)")
_OPTIONS = re.compile(r"\s+--")  # the rest of the line are options of pip, not PEP 508
_COMMENT = re.compile(r"(?:^|\s)#.*$")
# The largest known wheel unpacks to 3 GB, and the most compressed ones to 20 times their size.
_MOST_BYTES = 8 * 1024**3
_MOST_TIMES = 100
_HARMLESS = 16 * 1024**2  # bytes; below this any compression ratio is allowed
_MOST_MEMBERS = 200_000
_OTHER = "choose another version in requirements.in, then relctl lock"


@dataclass(frozen=True)
class Pin:
    """One pinned package: its normalised name (PEP 503), version, allowed hashes, and line in the lock.

    A `conditional` one has a marker, which pip evaluates.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    line: int
    conditional: bool = False


def read(text: str, where: str) -> list[Pin]:
    """Parse a lock; raises ConfigError, `where:line`, for anything not pinned by version and hash."""
    return [_pin(line, content, where) for line, content in _statements(text)]


def _pin(line: int, content: str, where: str) -> Pin:
    from packaging.utils import canonicalize_name

    if content.startswith("-"):
        option = content.split()[0]
        raise ConfigError(
            f"{where}:{line}: {option}: a lock holds no options; indexes belong to the machine", HINT
        )
    written = _OPTIONS.split(content, maxsplit=1)[0]
    wanted = _requirement(written)
    version = _only_version(wanted) if wanted else ""
    if wanted is None or not version:
        raise ConfigError(f"{where}:{line}: {written}: not pinned; it must be name==version", HINT)
    hashes = tuple(found["digest"] for found in _HASH.finditer(content))
    if not hashes:
        raise ConfigError(f"{where}:{line}: {written} has no hash; it must have --hash=sha256:…", HINT)
    return Pin(canonicalize_name(wanted.name), version, hashes, line, wanted.marker is not None)


def _requirement(written: str) -> "Requirement | None":
    """Parse a requirement (PEP 508); None if invalid."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(written)
    except InvalidRequirement:
        return None


def _only_version(wanted: "Requirement") -> str:
    """Return the one version that a requirement allows, "" if it allows several, or is a URL."""
    match list(wanted.specifier):
        case [one] if one.operator in ("==", "===") and not one.version.endswith(".*"):
            return one.version
    return ""


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Join continued lines; yield each statement with its first line number."""
    first, parts = 0, list[str]()
    for number, raw in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub("", raw).strip()
        first = first if parts else number
        parts.append(line.removesuffix("\\").strip())
        if not line.endswith("\\"):
            content = " ".join(part for part in parts if part)
            parts = []
            if content:
                yield first, content
    if any(parts):
        yield first, " ".join(parts)


def fetch(job: Job, lock: str) -> list[Path]:
    """Return the wheels of a lock, from the cache if they were fetched before; may be empty.

    Raises ConfigError for a lock without hashes, BuildError naming packages without a wheel for the platform.
    """
    python, target, where = job.versions.python, job.target, str(job.versions.requirements)
    pinned = read(lock, where)
    if not pinned:
        return []

    def fill(folder: Path) -> None:
        job.say(f"fetching {len(pinned)} wheels for {target.platform}, Python {python}")
        _download(job, lock, folder)

    return _complete(job.cache.wheels(key(lock, python, target.platform), fill), pinned, where)


def package(wheel: Path) -> tuple[str, str]:
    """Return normalised name and version from a wheel's file name; raises BuildError for an invalid name."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename as error:
        raise BuildError(
            f"{wheel}: {error}", f"rm -r {wheel.parent}, then relctl build fetches the wheels again"
        ) from None
    return name, str(version)


def _complete(folder: Path, pinned: Sequence[Pin], where: str) -> list[Path]:
    """Return a folder's wheels; raises BuildError unless it holds exactly one per requirement."""
    wheels = sorted(folder.glob("*.whl"))
    found = [package(wheel)[0] for wheel in wheels]
    lacking = {each.name for each in pinned if not each.conditional}.difference(found)
    excess = Counter(found) - Counter({each.name for each in pinned})
    if lacking or excess:
        names = ", ".join(sorted(lacking | excess.keys()))
        raise BuildError(
            f"{folder} does not hold the wheels that {where} pins: it differs in {names}",
            f"rm -r {folder}, then relctl build fetches them again",
        )
    return wheels


def _download(job: Job, lock: str, folder: Path) -> None:
    listed = folder / "requirements.lock"
    listed.write_text(lock, encoding="utf-8")
    command = _command(folder, job.versions.python, job.target)
    done = process.run([*command, "--requirement", listed.name], folder)
    listed.unlink()
    if done.returncode != 0:
        platform = f"{job.target.platform}, Python {job.versions.python}"
        raise _in_words(done.stderr.decode(errors="replace"), str(job.versions.requirements), platform)


def _command(folder: Path, python: str, target: Target) -> list[str]:
    """Take only wheels with pinned hashes and only listed packages: nothing is resolved here."""
    platforms = [f"--platform={tag}" for tag in target.wheel_tags]
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar=off", "--quiet"]
    interpreter = [f"--python-version={python}", "--implementation=cp", f"--abi=cp{python.replace('.', '')}"]
    return [
        *(sys.executable, "-m", "pip", "download", f"--dest={folder}", *quiet),
        *("--require-hashes", "--only-binary=:all:", "--no-deps", *interpreter, *platforms),
    ]


def _in_words(errors: str, where: str, platform: str) -> BuildError:
    missing = re.search(r"No matching distribution found for (\S+)", errors)
    if missing is not None:
        return BuildError(
            f"{where}: no index that pip asks here has a wheel of {missing[1]} for {platform}",
            "choose a version that has one in requirements.in, then relctl lock",
        )
    altered = re.search(r"(\S+) from .*\n\s+Expected sha256 .*\n(?:.* or .*\n)*\s+Got\s+(\w+)", errors)
    if altered is not None:
        return BuildError(
            f"{where}: the wheel of {altered[1]} for {platform} has a sha256 that is not in it, {altered[2]}",
            "find out which changed, the lock or the index; if the index is right: relctl lock",
        )
    said = re.findall(r"^ERROR: (.+)", errors, re.MULTILINE) or [errors.strip()[-300:]]
    return BuildError(
        f"{where}: the wheels cannot be fetched: {'; '.join(said)}", "pip config list shows what is asked"
    )


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
