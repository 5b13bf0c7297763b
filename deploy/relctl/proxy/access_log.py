"""Follow the proxy's access log through rotation, truncation and absence, and count what is lost."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from relctl.proxy.access_log_file import AccessFile, Mark, after, identity, is_compressed, renamed, rotated
from relctl.proxy.access_log_line import Request, parse

_LINGER = 10.0  # seconds; Nginx's workers write to a renamed file until all have reopened the log


@dataclass(frozen=True)
class Losses:
    """What could not be read: unparsable lines, cut-off last lines, truncations, a missing file."""

    garbage: int = 0
    torn: int = 0
    truncated: int = 0
    missing: bool = False

    def sentences(self, path: Path) -> list[str]:
        """Return a sentence for each kind of loss; none when nothing was lost."""
        found = {
            f"{path} is missing": self.missing,
            f"{self.garbage} lines of the access log cannot be read": self.garbage,
            f"{self.torn} last lines of a rotated access log were cut short": self.torn,
            f"the access log was truncated {self.truncated} times and may have lost lines": self.truncated,
        }
        return [sentence for sentence, happened in found.items() if happened]


class AccessLog:
    """The log from one moment on; `read` returns what was written since the last call.

    A renamed file is read to its end, and for a while longer, then the new one. A truncated file is read from
    its beginning. `begins` is `since`, or later if not everything since then is read.
    """

    def __init__(
        self,
        path: Path,
        since: float | None = None,
        probes: Collection[str] = (),
        most: int | None = None,
        mark: Mark | None = None,
    ) -> None:
        """Begin now, or at the first request that ended at `since`, in a rotated file if needed.

        With a `mark`, begin there, whatever the clock did since it was set.

        Requests for the paths of `probes` are left out: they are machine traffic, answered at once, and would
        make a slow release look fast. `most`: how many bytes of each file to read at most, from its end.
        """
        self.path, self._since, self._probes = path, None if mark else since, probes
        compressed = since is not None and any(map(is_compressed, renamed(path, since)))
        self._files: list[AccessFile] = []
        self._replaced: dict[AccessFile, float] = {}
        self._garbage = self._torn = self._truncated = 0
        if mark:
            for each, at in after(path, mark):
                self._open(each, at=at)
        else:
            for older in [] if since is None else rotated(path, since):
                self._open(older, since, most)
            self._open(path, since, most)
        self._let_go_before_a_gap()
        missed = compressed or any(file.cut for file in self._files)
        self.begins = max(self._first(), since) if missed and since is not None else since

    def read(self) -> Iterator[Request]:
        """Yield every request whose line was completed since the last call."""
        since, self._since = self._since, None  # a clock may be set back later: no new line is too old
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
        """Return what could not be read so far."""
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
        except OSError:  # between rename and new file, or nothing logged yet
            return
        if all(file.identity != found for file in self._files):
            self._open(self.path, since=0.0)  # all of it is newer than the previous file

    def _open(
        self, path: Path, since: float | None = None, most: int | None = None, at: int | None = None
    ) -> None:
        try:
            opened = AccessFile(path, since, most, at)
        except FileNotFoundError:
            return
        now = time.monotonic()
        self._replaced |= {file: now for file in self._files if file not in self._replaced}
        self._files.append(opened)

    def _let_go_before_a_gap(self) -> None:
        """Drop the files before one that is not read from its beginning: the log would have a gap."""
        for number in reversed(range(len(self._files))):
            if self._files[number].cut:
                for file in self._files[:number]:
                    self._replaced.pop(file, None)
                    file.close()
                self._files = self._files[number:]
                return

    def _first(self) -> float:
        """Return when the first request to be read ended, now if there is none."""
        found = (file.first() for file in self._files)
        return next((at for at in found if at is not None), time.time())

    def _let_go(self) -> None:
        late = [file for file, at in self._replaced.items() if time.monotonic() - at > _LINGER]
        for file in late:
            del self._replaced[file]
            self._files.remove(file)
            self._truncated += file.truncated
            self._torn += file.close()
