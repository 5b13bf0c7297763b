"""Release tags: parsing, formatting and ordering."""

import re
from dataclasses import dataclass
from functools import total_ordering

from relctl.errors import UsageError

# The official regular expression of semver.org without build metadata: `+` is not allowed in an image tag.
_SEMVER = (
    r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)"
    r"(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
)
_VERSION = re.compile(_SEMVER)
_TAG = re.compile(rf"v(?P<version>{_SEMVER})-(?P<commit>[0-9a-f]{{7,40}})(?:-dirty\.(?P<dirty>[0-9a-f]+))?")
_LONGEST_TAG = 128  # of the OCI distribution specification

COMMIT_DIGITS = 7


def is_version(text: str) -> bool:
    """Return whether `text` is a SemVer version that can be part of an image tag."""
    return _VERSION.fullmatch(text) is not None


@total_ordering
@dataclass(frozen=True)
class Tag:
    """A release name, `v1.2.0-abc12de`: SemVer version, commit, and a hash if the tree was dirty."""

    version: str
    commit: str
    dirty: str = ""

    @classmethod
    def parse(cls, text: str) -> "Tag":
        """Parse `v{semver}-{commit}[-dirty.{hash}]`; raises UsageError for anything else."""
        match = _TAG.fullmatch(text)
        if match is None or len(text) > _LONGEST_TAG:
            raise UsageError(
                f"{text!r} is not a release tag; one looks like v1.2.0-abc12de",
                "relctl releases lists the tags of this environment",
            )
        return cls(match["version"], match["commit"], match["dirty"] or "")

    def __str__(self) -> str:
        return f"v{self.version}-{self.commit}" + (f"-dirty.{self.dirty}" if self.dirty else "")

    def __lt__(self, other: object) -> bool:
        """Order by SemVer precedence (semver.org, item 11), then by name for a total order."""
        if not isinstance(other, Tag):
            return NotImplemented
        import semver  # imported here: only sorting needs it

        order = semver.Version.parse(self.version).compare(other.version)
        return order < 0 or (order == 0 and str(self) < str(other))
