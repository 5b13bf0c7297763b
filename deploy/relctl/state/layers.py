"""The files of cached layers: where they are, the lock over them, and forgetting those of no image."""

import contextlib
import fcntl
import json
from collections.abc import Collection, Iterator
from pathlib import Path

from relctl.state.files import remove

NOTES = "layers"
TARS = "tars"


def tar(cache: Path, digest: str) -> Path:
    """Where the tar of a layer is, or would be."""
    return cache / TARS / f"{digest.removeprefix('sha256:')}.tar"


@contextlib.contextmanager
def locked(cache: Path, how: int) -> Iterator[None]:
    """Hold a kernel lock on the cache; it dies with its holder. Raises BlockingIOError with LOCK_NB."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("a") as file:
        fcntl.flock(file, how)
        yield


def forget(cache: Path, digests: Collection[str]) -> None:
    """Remove the layers of these digests; nothing while a build is under way, which may have found them.

    What stays for that reason goes a month later, as all does that no build uses.
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
