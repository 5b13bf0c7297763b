"""Layers of an image: deterministic tars, hashed while they are written; equal entries give equal bytes."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Protocol

from relctl.errors import BuildError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

EPOCH = 0
_PREFIX = ".wh."  # of the OCI image specification, layer.md


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


class Stream(Protocol):
    """A source of content."""

    def read(self, size: int = ..., /) -> bytes:
        """Return at most `size` bytes, none at the end."""


@dataclass(frozen=True)
class Entry:
    """A member of a layer; `open` is called when it is written, in path order."""

    path: str
    kind: bytes
    mode: int
    size: int = 0
    target: str = ""
    open: Callable[[], AbstractContextManager[Stream]] = io.BytesIO


def file(
    path: str,
    size: int,
    opener: Callable[[], AbstractContextManager[Stream]],
    executable: bool = False,
) -> Entry:
    """Describe a file with streamed content."""
    return Entry(path, tarfile.REGTYPE, 0o755 if executable else 0o644, size, open=opener)


def text(path: str, content: str) -> Entry:
    """Describe a small text file."""
    encoded = content.encode()
    return file(path, len(encoded), lambda: io.BytesIO(encoded))


def folder(path: str, mode: int = 0o755) -> Entry:
    """Describe a folder."""
    return Entry(path, tarfile.DIRTYPE, mode)


def link(path: str, target: str) -> Entry:
    """Describe a symbolic link."""
    return Entry(path, tarfile.SYMTYPE, 0o777, target=target)


def write(entries: Iterable[Entry], mtime: int, out: Digesting) -> None:
    """Write a layer: sorted, owned by root, with one time for all entries."""
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in complete(entries):
            with entry.open() as stream:
                tar.addfile(_header(entry, mtime), stream if entry.size else None)


def complete(entries: Iterable[Entry]) -> list[Entry]:
    """Sort by path and add missing parent folders; raises BuildError for an invalid path."""
    found: dict[str, Entry] = {}
    for entry in entries:
        insist_on_files(entry.path, f"/{entry.path}")
        if entry.path in found:
            raise BuildError(f"/{entry.path} would be in the image twice", "rename one of them")
        found[entry.path] = entry
    for path in list(found):
        for parent in PurePosixPath(path).parents:
            if parent.parts:
                found.setdefault(str(parent), folder(str(parent)))
    return [found[path] for path in sorted(found)]


def _header(entry: Entry, mtime: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(entry.path)
    header.type, header.mode, header.mtime = entry.kind, entry.mode, mtime
    header.size, header.linkname = entry.size, entry.target
    return header


def insist_on_files(path: str, shown: str = "") -> None:
    """Raise BuildError for a path with a whiteout name in it; `shown` is the path for the message."""
    if any(part.startswith(_PREFIX) for part in PurePosixPath(path).parts):
        raise BuildError(
            f"{shown or path}: no file of an image can have a name that begins with {_PREFIX}: in a layer it"
            " removes what lies below",
            "give it another name, or leave it out",
        )
