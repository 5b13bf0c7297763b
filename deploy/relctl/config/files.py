"""The files that a pipeline is made of, each read once: what is parsed is what the checksum is of."""

import hashlib
from pathlib import Path, PurePosixPath

from relctl.config.document import contents


class Files:
    """Files of the project at `root`, in the order in which they were asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._contents: dict[PurePosixPath, bytes] = {}

    def read(self, named: PurePosixPath) -> bytes:
        """What the file held when it was first asked for; raises ConfigError."""
        if named not in self._contents:
            self._contents[named] = contents(self.root / named)
        return self._contents[named]

    def checksum(self) -> str:
        """Of the path and the content of each; the lengths tell where one ends and the next begins."""
        digest = hashlib.sha256()
        for named, content in self._contents.items():
            for part in (str(named).encode(), content):
                digest.update(len(part).to_bytes(8, "big") + part)
        return f"sha256:{digest.hexdigest()}"
