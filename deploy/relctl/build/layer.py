"""A layer of an image: an uncompressed tar, hashed while it is written."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer


@dataclass(frozen=True)
class Layer:
    """A layer; `tar` is None if only the engine has it, `facts` are for labels."""

    name: str
    digest: str
    size: int
    tar: Path | None
    facts: Mapping[str, str] = field(default_factory=dict)


class Digesting(io.RawIOBase):
    """A writable file that hashes and counts what is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash, self.size = file, hashlib.sha256(), 0

    def write(self, content: "Buffer") -> int:
        self._hash.update(content)
        written = self._file.write(content)
        self.size += written
        return written

    def tell(self) -> int:
        return self.size

    @property
    def digest(self) -> str:
        """Return `sha256:…` of everything written so far."""
        return f"sha256:{self._hash.hexdigest()}"


def intact(tar: Path, digest: str) -> bool:
    """Return whether a file matches its digest."""
    with tar.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}" == digest
