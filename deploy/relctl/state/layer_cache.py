"""Cached layer files: their paths, the lock over them, and removing those of removed images."""

import contextlib
import fcntl
import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from relctl.state.files import make_folder, remove
from relctl.state.opening import lock_within, opened

NOTES = "layers"
TARS = "tars"
_SWEPT_WITHIN = 30.0  # seconds; an exclusive holder only removes files


def tar(cache: Path, digest: str) -> Path:
    """Return the path of a layer's tar, existing or not."""
    return cache / TARS / f"{digest.removeprefix('sha256:')}.tar"


@contextlib.contextmanager
def locked(cache: Path, how: int) -> Iterator[None]:
    """Hold a kernel lock on the cache; it dies with its holder. Raises BlockingIOError with LOCK_NB.

    Raises HeldFileError, naming the holder, on timeout.
    """
    make_folder(cache)
    path = cache / "lock"
    with opened(path, os.O_RDWR | os.O_CREAT) as lock:
        if how & fcntl.LOCK_NB:
            fcntl.flock(lock, how)
        else:
            lock_within(lock, path, how, _SWEPT_WITHIN)
        yield


def forget(cache: Path, digests: Collection[str]) -> None:
    """Remove the layers with these digests, unless a build is running: it may be about to use them.

    Skipped layers are removed a month later, like everything that no build uses.
    """
    if not digests or not cache.is_dir():
        return
    with contextlib.suppress(BlockingIOError), locked(cache, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for digest in digests:
            remove(tar(cache, digest), "layer")
        for note in cache.glob(f"{NOTES}/*/*.json"):
            if _digest(note) in digests:
                remove(note, "layer-note")


def _digest(note: Path) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(note.read_text(encoding="utf-8"))["digest"])
    return ""
