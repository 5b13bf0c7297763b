"""The build cache: layers under cheap keys, and wheels. Safe to delete at any time."""

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

from relctl.build.tarball import Digesting, Layer
from relctl.state.files import make_folder, naming, replace_text
from relctl.state.layer_cache import NOTES, TARS, locked
from relctl.state.layer_cache import tar as tar_of

# Increase it when layers are written differently, so that entries of older versions are not used.
_GENERATION = 3
_DAY = 24 * 3600
_KEPT = 30 * _DAY

Facts = Mapping[str, str]


def key(*inputs: object) -> str:
    """Return one key for all inputs that determine a layer's content."""
    return hashlib.sha256(json.dumps([_GENERATION, *inputs], default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Cache:
    """A folder in which files appear by rename, so that concurrent builds see complete files only."""

    folder: Path

    def layer(self, name: str, key: str, write: Callable[[Digesting], Facts]) -> Layer:
        """Return the layer with this key; if it is missing, `write` writes it and returns its facts."""
        return self.find(name, key) or self._make(name, key, write)

    def find(self, name: str, key: str) -> Layer | None:
        """Return a cached layer; its tar is checked for size, not read."""
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
        """Return the folder of wheels with this key; if it is missing, `fill` fills it."""
        folder = self.folder / "wheels" / key
        if not folder.is_dir():
            with self.scratch() as scratch:
                fill(scratch)
                _publish(scratch, folder)
        _touch(folder)
        return folder

    def drop_wheels(self, folder: Path) -> None:
        """Remove damaged wheels; `wheels` fetches them again."""
        shutil.rmtree(folder)

    def drop(self, layer: Layer) -> None:
        """Remove a layer's damaged tar; `layer` writes it again."""
        self._tar(layer.digest).unlink(missing_ok=True)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Prevent sweeping while found entries are still to be read."""
        with locked(self.folder, fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Provide a temporary folder on the cache's file system."""
        parent = self.folder / "tmp"
        make_folder(parent)
        folder = Path(tempfile.mkdtemp(dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove entries unused for a month, and leftovers of builds killed at least a day ago.

        Does nothing while a build runs, because it may be about to read such an entry.
        """
        with contextlib.suppress(BlockingIOError), locked(self.folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            self._remove_unused(time.time())

    def _remove_unused(self, now: float) -> None:
        kept = ("wheels/*", f"{NOTES}/*/*", f"{TARS}/*")
        for pattern, age in (("tmp/*", _DAY), *((pattern, _KEPT) for pattern in kept)):
            for path in self.folder.glob(pattern):
                with contextlib.suppress(FileNotFoundError):  # removed concurrently
                    if path.lstat().st_mtime < now - age:
                        _remove(path)

    def _note(self, name: str, key: str) -> Path:
        return self.folder / NOTES / name / f"{key}.json"

    def _tar(self, digest: str) -> Path:
        return tar_of(self.folder, digest)


def _publish(scratch: Path, folder: Path) -> None:
    """Move a filled folder to its name, unless another build was first: it holds the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        scratch.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _touch(*paths: Path) -> None:
    """Mark files as used, for `sweep`; a read-only cache is no error."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.utime(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
