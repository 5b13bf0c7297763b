"""Check the files of a model: their checksum, and which one is wrong when a library stumbles."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def checksum(folder: Path) -> str:
    """Return the SHA-256 of what `sha256sum` prints for the files below `folder`, sorted by path."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = (f"{_sha256(folder / path)}  {path}\n" for path in paths)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# What is read together; the first name stands for whatever no file can be blamed for.
TOKENIZER = ("source.spm", "target.spm")
_MODEL = ("model.bin", "config.json")
_VOCABULARY = "shared_vocabulary.json"

_NEXT = "copy the model again, or make it anew with service/convert_model.py"


@contextmanager
def explained(folder: Path, names: Sequence[str]) -> Iterator[None]:
    """Raise the library's RuntimeError again, with the file of `names` that is to blame.

    Files are looked at only after a failure: not every model has all of them.
    """
    try:
        yield
    except RuntimeError as error:
        faults = (_fault(folder / name) for name in names)
        fault = next(filter(None, faults), "") or _likely_fault(names, str(error))
        raise RuntimeError(f"{fault}; {_NEXT}: {error}") from None


def model_files(folder: Path) -> tuple[str, ...]:
    """Return what CTranslate2 reads; a vocabulary has one of several names, or is two, one a language."""
    found = sorted(path.name for path in folder.glob("*vocabulary.*"))
    return (*_MODEL, *(found or [_VOCABULARY]))


def _fault(file: Path) -> str:
    """Return what is wrong with a file, or nothing."""
    try:
        content = _read(file)
    except OSError as error:
        return f"{file.name} cannot be read ({error.strerror})"
    if not content:
        return f"{file.name} is empty"
    try:
        if file.suffix == ".json":
            json.loads(content)
    except ValueError:
        return f"{file.name} is not valid JSON"
    return ""


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        # Of a model of gigabytes the beginning is enough to see that it is there.
        return opened.read() if file.suffix == ".json" else opened.read(1)


def _likely_fault(names: Sequence[str], words: str) -> str:
    named = (name for name in names if name in words)
    return f"{next(named, names[0])} cannot be loaded, it may be damaged"
