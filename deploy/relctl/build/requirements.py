"""requirements.lock: parsing it, and fetching its wheels with pip, for any platform."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from relctl.build.cache import key
from relctl.build.job import Job
from relctl.build.target import Target
from relctl.errors import BuildError, ConfigError
from relctl.source import program

if TYPE_CHECKING:  # imported where it is used: a build without changes does not need it
    from packaging.requirements import Requirement

HINT = "relctl lock"

_HASH = re.compile(r"--hash[= ]sha256:(?P<digest>[0-9a-f]{64})(?!\S)")
_OPTIONS = re.compile(r"\s+--")  # the rest of the line are options of pip, not PEP 508
_COMMENT = re.compile(r"(?:^|\s)#.*$")


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


def versions(wheels: Sequence[Path]) -> list[tuple[str, str]]:
    """Return name and version of each wheel, from its file name (PEP 427)."""
    return [package(wheel) for wheel in wheels]


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
    done = program.run([*command, "--requirement", listed.name], folder)
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
