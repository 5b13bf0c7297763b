"""What building keeps between runs: layers under cheap keys, wheels. Safe to delete at any time."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from relctl.build.layer import Digesting, Layer
from relctl.state.files import naming, replace_text
from relctl.state.layers import NOTES, TARS, locked
from relctl.state.layers import tar as tar_of

# Raise it when a layer is written differently than before: what older versions kept is not looked at then.
_GENERATION = 3
_DAY = 24 * 3600
_KEPT = 30 * _DAY

Facts = Mapping[str, str]


def key(*inputs: object) -> str:
    """Return one key for everything that a layer's contents depend on."""
    return hashlib.sha256(json.dumps([_GENERATION, *inputs], default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Cache:
    """A folder whose files appear by rename, so that a second build at the same time sees whole ones only."""

    folder: Path

    def layer(self, name: str, key: str, write: Callable[[Digesting], Facts]) -> Layer:
        """Return the layer of that key; when it is not here, `write` writes it and says its facts."""
        return self.find(name, key) or self._make(name, key, write)

    def find(self, name: str, key: str) -> Layer | None:
        """Return a layer that was made before. Its tar is not read, only known to be there in full."""
        note = self._note(name, key)
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            found = json.loads(note.read_text(encoding="utf-8"))
            tar = self._tar(found["digest"])
            if tar.stat().st_size == found["size"]:
                _touch(note, tar)
                return Layer(name, found["digest"], found["size"], tar, found["facts"])
        return None

    def _make(self, name: str, key: str, write: Callable[[Digesting], Facts]) -> Layer:
        with self.scratch() as scratch:
            new = scratch / "layer.tar"
            with naming(new), new.open("wb") as file:
                out = Digesting(file)
                facts = dict(write(out))
            tar = self._tar(out.digest)
            tar.parent.mkdir(parents=True, exist_ok=True)
            new.replace(tar)
        note = {"digest": out.digest, "size": out.size, "facts": facts}
        replace_text(self._note(name, key), json.dumps(note) + "\n")
        return Layer(name, out.digest, out.size, tar, facts)

    def wheels(self, key: str, fill: Callable[[Path], None]) -> Path:
        """Return the folder of wheels of that key; when it is not here, `fill` fills it."""
        folder = self.folder / "wheels" / key
        if not folder.is_dir():
            with self.scratch() as scratch:
                fill(scratch)
                _publish(scratch, folder)
        _touch(folder)
        return folder

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep everyone from sweeping while what is found here is still to be read."""
        with locked(self.folder, fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Lend a temporary folder, on the file system of the cache."""
        parent = self.folder / "tmp"
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what no build has used for a month, and what a killed one left the day before.

        While any build is under way it does nothing: that one may have found what is about to be removed.
        """
        with contextlib.suppress(BlockingIOError), locked(self.folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            self._remove_unused(time.time())

    def _remove_unused(self, now: float) -> None:
        kept = ("wheels/*", f"{NOTES}/*/*", f"{TARS}/*")
        for pattern, age in (("tmp/*", _DAY), *((pattern, _KEPT) for pattern in kept)):
            for path in self.folder.glob(pattern):
                with contextlib.suppress(FileNotFoundError):  # someone else has just removed it
                    if path.lstat().st_mtime < now - age:
                        _remove(path)

    def _note(self, name: str, key: str) -> Path:
        return self.folder / NOTES / name / f"{key}.json"

    def _tar(self, digest: str) -> Path:
        return tar_of(self.folder, digest)


def _publish(scratch: Path, folder: Path) -> None:
    """Let a filled folder appear under its name, unless another build was first: it holds the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        scratch.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _touch(*paths: Path) -> None:
    """Note that something was used, for `sweep`; a read-only cache is no error."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.utime(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
