"""Reading requirements.lock: every line one version of one package, and the hashes that it may have."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from relctl.errors import ConfigError

HINT = "relctl lock"

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*===?\s*(?P<version>[^\s;*]+)")
_HASH = re.compile(r"--hash[= ]sha256:(?P<digest>[0-9a-f]{64})(?!\S)")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


@dataclass(frozen=True)
class Requirement:
    """One pinned package: its normalised name (PEP 503), version, allowed hashes, and line in the lock."""

    name: str
    version: str
    hashes: tuple[str, ...]
    line: int


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
    return Requirement(normalised(match["name"]), match["version"], hashes, line)


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
