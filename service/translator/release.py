"""Reads release.json, which says what this process is a release of."""

import json
from dataclasses import dataclass, fields
from pathlib import Path


class ReleaseError(ValueError):
    """release.json is there, but cannot be believed."""


@dataclass(frozen=True)
class Image:
    """The image as it was built."""

    name: str
    platform: str
    base: str


@dataclass(frozen=True)
class Model:
    """The model inside the image; `sha256` is the checksum of its directory."""

    name: str
    revision: str
    sha256: str
    license: str


@dataclass(frozen=True)
class Release:
    """What was released: `revision` is the full commit, `created` an RFC 3339 time."""

    tag: str
    version: str
    revision: str
    created: str
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
    """The release in `path`, or UNKNOWN without one: a developer's machine.

    Members that this version of the service does not know are ignored. Raises ReleaseError.
    """
    if path is None:
        return UNKNOWN
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ReleaseError(f"RELEASE_FILE cannot be read: {error}") from None
    except ValueError as error:
        raise ReleaseError(f"{path}: {error}") from None


def _parse(document: object) -> Release:
    return Release(
        tag=_text(document, "tag"),
        version=_text(document, "version"),
        revision=_text(document, "revision"),
        created=_text(document, "created"),
        image=Image(*(_text(document, "image", field.name) for field in fields(Image))),
        model=Model(*(_text(document, "model", field.name) for field in fields(Model))),
    )


def _text(document: object, *path: str) -> str:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    # The tag becomes the X-Release header, so nothing may break a header line.
    if not (isinstance(document, str) and document.isascii() and document.isprintable()):
        raise ReleaseError(f"{'.'.join(path)} is missing or is not a line of ASCII text")
    return document
