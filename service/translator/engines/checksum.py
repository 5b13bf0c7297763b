"""Computes the checksum of a model's files, as versions.yaml and the image's labels have it."""

import hashlib
from pathlib import Path


def checksum(folder: Path) -> str:
    """The SHA-256 of what `sha256sum` prints for the files below `folder`, in the order of their paths."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = (f"{_sha256(folder / path)}  {path}\n" for path in paths)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
