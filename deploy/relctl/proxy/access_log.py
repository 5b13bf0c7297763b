"""Following the proxy's access log while it is rotated, truncated or missing; what is lost is counted."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from relctl.proxy.access_file import AccessFile, identity
from relctl.proxy.access_line import Request, parse

_LINGER = 10.0  # seconds; Nginx's workers write to a renamed file until the last of them has heard of it


@dataclass(frozen=True)
class Losses:
    """What could not be read: lines that are none, last lines without an end, truncations; no file at all."""

    garbage: int = 0
    torn: int = 0
    truncated: int = 0
    missing: bool = False

    def sentences(self, path: Path) -> list[str]:
        """Say it; nothing when nothing was lost."""
        found = {
            f"{path} is missing": self.missing,
            f"{self.garbage} lines of the access log cannot be read": self.garbage,
            f"{self.torn} last lines of a rotated access log were cut short": self.torn,
            f"the access log was truncated {self.truncated} times and may have lost lines": self.truncated,
        }
        return [sentence for sentence, happened in found.items() if happened]


class AccessLog:
    """The log from one moment on; `read` gives what was written since the last time.

    A renamed file is read to its end, and for a while longer, then the new one. A truncated file is read
    from its beginning. `begins` is `since`, or later where not all since then is read.
    """

    def __init__(
        self,
        path: Path,
        since: float | None = None,
        probes: Collection[str] = (),
        most: int | None = None,
    ) -> None:
        """Begin now, or at the first request that ended at `since`, in a rotated file if it is there.

        Requests for the paths of `probes` are left out: machines ask them, relctl too, and they are answered
        at once; among users' they would make a slow release look fast. `most`: how many bytes of each file
        are read at most, from its end.
        """
        self.path, self._since, self._probes = path, since, probes
        compressed = since is not None and any(map(is_compressed, renamed(path, since)))
        self._files: list[AccessFile] = []
        self._replaced: dict[AccessFile, float] = {}
        self._garbage = self._torn = self._truncated = 0
        for older in [] if since is None else rotated(path, since):
            self._open(older, since, most)
        self._open(path, since, most)
        self._let_go_before_a_gap()
        missed = compressed or any(file.cut for file in self._files)
        self.begins = max(self._first(), since) if missed and since is not None else since

    def read(self) -> Iterator[Request]:
        """Yield every request whose line was ended since the last call."""
        since, self._since = self._since, None  # later a clock may be set back, and no line is too old
        self._look_for_a_new_file()
        for file in list(self._files):
            for line in file.lines():
                request = parse(line)
                if request is None:
                    self._garbage += 1
                elif (since is None or request.ended >= since) and request.uri not in self._probes:
                    yield request
        self._let_go()

    @property
    def losses(self) -> Losses:
        """What could not be read so far."""
        truncated = self._truncated + sum(file.truncated for file in self._files)
        return Losses(self._garbage, self._torn, truncated, missing=not self.path.exists())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        while self._files:
            self._files.pop().close()

    def _look_for_a_new_file(self) -> None:
        try:
            found = identity(self.path.stat())
        except OSError:  # between the rename and the new file, or nothing was logged yet
            return
        if all(file.identity != found for file in self._files):
            self._open(self.path, since=0.0)  # all of it was written after the one before

    def _open(self, path: Path, since: float | None, most: int | None = None) -> None:
        try:
            opened = AccessFile(path, since, most)
        except FileNotFoundError:
            return
        now = time.monotonic()
        self._replaced |= {file: now for file in self._files if file not in self._replaced}
        self._files.append(opened)

    def _let_go_before_a_gap(self) -> None:
        """What is before a file that is not read from its beginning is not followed by what is read."""
        for number in reversed(range(len(self._files))):
            if self._files[number].cut:
                for file in self._files[:number]:
                    self._replaced.pop(file, None)
                    file.close()
                self._files = self._files[number:]
                return

    def _first(self) -> float:
        """When the first request ended that will be read, now if there is none."""
        found = (file.first() for file in self._files)
        return next((at for at in found if at is not None), time.time())

    def _let_go(self) -> None:
        late = [file for file, at in self._replaced.items() if time.monotonic() - at > _LINGER]
        for file in late:
            del self._replaced[file]
            self._files.remove(file)
            self._truncated += file.truncated
            self._torn += file.close()


def rotated(path: Path, since: float) -> list[Path]:
    """Return the files that the log was renamed to and that can be searched, oldest first."""
    return [each for each in renamed(path, since) if not is_compressed(each)]


def renamed(path: Path, since: float) -> list[Path]:
    """Return the files that the log was renamed to and that were written to after `since`, oldest first.

    access.log.1, access.log.2.gz and access.log-20261120 are such names.
    """
    found = {each: _written(each) for each in path.parent.glob(f"{path.name}[.-]*")}
    return sorted((each for each, written in found.items() if written >= since), key=lambda each: found[each])


def is_compressed(path: Path) -> bool:
    """Whether a rotated file cannot be searched."""
    return path.suffix in (".gz", ".xz", ".zst", ".bz2")


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # it was compressed, or removed, meanwhile
        return 0.0
