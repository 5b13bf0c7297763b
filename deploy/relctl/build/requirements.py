"""requirements.lock: reading it, and fetching with pip the wheels that it pins, for any platform."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from relctl.build import program
from relctl.build.cache import key
from relctl.build.job import Job
from relctl.build.target import Target
from relctl.errors import BuildError, ConfigError

HINT = "relctl lock"

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*===?\s*(?P<version>[^\s;*]+)")
_HASH = re.compile(r"--hash[= ]sha256:(?P<digest>[0-9a-f]{64})(?!\S)")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


@dataclass(frozen=True)
class Requirement:
    """One pinned package: its normalised name (PEP 503), version, allowed hashes, and line in the lock.

    A `conditional` one has a marker, and pip decides whether it is wanted.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    line: int
    conditional: bool = False


def read(text: str, where: str) -> list[Requirement]:
    """Read a lock; raises ConfigError, `where:line`, for anything that is not pinned by version and hash."""
    return [_requirement(line, content, where) for line, content in _statements(text)]


def _requirement(line: int, content: str, where: str) -> Requirement:
    if content.startswith("-"):
        option = content.split()[0]
        raise ConfigError(
            f"{where}:{line}: {option}: a lock holds no options; indexes belong to the machine", HINT
        )
    match = _PIN.match(content)
    if match is None:
        raise ConfigError(
            f"{where}:{line}: {content.split(' --')[0]}: not pinned; it must be name==version", HINT
        )
    hashes = tuple(found["digest"] for found in _HASH.finditer(content))
    if not hashes:
        raise ConfigError(f"{where}:{line}: {match[0]} has no hash; it must have --hash=sha256:…", HINT)
    conditional = ";" in content[match.end() :]
    return Requirement(normalised(match["name"]), match["version"], hashes, line, conditional)


def normalised(name: str) -> str:
    """Return a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Join continued lines; gives the line that each statement starts at."""
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
    """Return the wheels of a lock's text, from the cache when they have been fetched before; maybe none.

    Raises ConfigError for a lock without hashes, BuildError naming what has no wheel for the platform.
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
    """Return the name and the version of each wheel, as its file's name says (PEP 427)."""
    parts = (wheel.name.split("-") for wheel in wheels)
    return [(normalised(name), version) for name, version, *_ in parts]


def _complete(folder: Path, pinned: Sequence[Requirement], where: str) -> list[Path]:
    """Return a folder's wheels; raises BuildError unless there is one of each requirement, and no other."""
    wheels = sorted(folder.glob("*.whl"))
    found = [normalised(wheel.name.partition("-")[0]) for wheel in wheels]
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
    """Only wheels, only of the pinned hashes, and only what is listed: nothing is resolved here."""
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
            "look what changed, the lock or the index; if the index is right: relctl lock",
        )
    said = re.findall(r"^ERROR: (.+)", errors, re.MULTILINE) or [errors.strip()[-300:]]
    return BuildError(
        f"{where}: the wheels cannot be fetched: {'; '.join(said)}", "pip config list shows what is asked"
    )
