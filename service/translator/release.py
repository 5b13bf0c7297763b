"""Read release.json, which says what this process is a release of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError


class ReleaseError(ValueError):
    """release.json is there, but cannot be trusted."""


# The tag becomes the X-Release header, so nothing may break a header line.
Line = Annotated[str, StringConstraints(pattern="^[ -~]*$")]


@dataclass(frozen=True)
class Image:
    """The image as it was built."""

    name: Line
    platform: Line
    base: Line


@dataclass(frozen=True)
class Model:
    """The model inside the image; `sha256` is the checksum of its directory."""

    name: Line
    revision: Line
    sha256: Line
    license: Line


@dataclass(frozen=True)
class Release:
    """What was released: `revision` is the full commit, `created` an RFC 3339 time."""

    tag: Line
    version: Line
    revision: Line
    created: Line
    image: Image
    model: Model


UNKNOWN = Release(
    tag="v0.0.0-unknown",
    version="0.0.0",
    revision="unknown",
    created="unknown",
    image=Image("unknown", "unknown", "unknown"),
    model=Model("unknown", "unknown", "unknown", "unknown"),
)


def read_release(path: Path | None) -> Release:
    """Return the release in `path`, or UNKNOWN without one: a developer's machine.

    Members that this version of the service does not know are ignored. Raises ReleaseError.
    """
    if path is None:
        return UNKNOWN
    try:
        return TypeAdapter(Release).validate_json(path.read_bytes())
    except OSError as error:
        raise ReleaseError(f"RELEASE_FILE cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        words = f"{name} is missing or is not a line of ASCII text" if name else first["msg"]
        raise ReleaseError(f"{path}: {words}") from None
