"""Lists the distributions that this process can import."""

import re
from functools import cache
from importlib.metadata import distributions


@cache
def installed() -> dict[str, str]:
    """Version by name, normalised as PyPI does; the first on sys.path wins, as it does in imports.

    Cached because it reads one file per distribution, and none can change in a read-only image.
    """
    versions: dict[str, str] = {}
    for distribution in distributions():
        versions.setdefault(_normalise(distribution.name), distribution.version)
    return dict(sorted(versions.items()))


def _normalise(name: str) -> str:
    # https://packaging.python.org/en/latest/specifications/name-normalization/
    return re.sub(r"[-_.]+", "-", name).lower()
