"""The base's Debian packages: what base.lock says of them, and what was found."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from relctl.errors import ConfigError

HINT = "relctl lock --base"

_HEADER = """\
# Debian packages of the base layer, for each platform; written by `relctl lock --base`.
# suite architecture package version sha256
"""
_LINE = re.compile(
    r"(?P<suite>\S+) (?P<architecture>\S+) (?P<name>\S+) (?P<version>\S+) (?P<sha256>[0-9a-f]{64})"
)


@dataclass(frozen=True, order=True)
class Package:
    """One package file: its name, version, and the sha256 of the whole .deb."""

    name: str
    version: str
    sha256: str

    @property
    def pin(self) -> str:
        """How apt is asked for exactly this version."""
        return f"{self.name}={self.version}"


@dataclass(frozen=True)
class BaseLock:
    """base.lock: packages by suite and architecture."""

    packages: dict[tuple[str, str], tuple[Package, ...]]

    @classmethod
    def read(cls, text: str, where: str) -> "BaseLock":
        """Read base.lock; raises ConfigError, `where:line`, for a line that is none."""
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


def digest(packages: Iterable[Package]) -> str:
    """Return one digest of a list of packages, which an image's label carries."""
    lines = "".join(f"{package.pin} {package.sha256}\n" for package in sorted(packages))
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
