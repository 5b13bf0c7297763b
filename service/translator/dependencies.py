"""Lists the distributions that this process can import."""

from functools import cache
from importlib.metadata import distributions

from packaging.utils import canonicalize_name


@cache
def installed() -> dict[str, str]:
    """Return versions by normalised name; the first on sys.path wins, as it does in imports.

    Cached because it reads one file per distribution, and none can change in a read-only image.
    """
    versions: dict[str, str] = {}
    for distribution in distributions():
        versions.setdefault(canonicalize_name(distribution.name), distribution.version)
    return dict(sorted(versions.items()))
