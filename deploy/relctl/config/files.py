"""The files of a pipeline, each read once, so that the checksum covers exactly what was parsed."""

import hashlib
from pathlib import Path, PurePosixPath

from relctl.config.document import contents


class Files:
    """Files of the project at `root`, in the order of their first use."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._contents: dict[PurePosixPath, bytes] = {}

    def read(self, named: PurePosixPath) -> bytes:
        """Return the content of a file at its first use; raises ConfigError."""
        if named not in self._contents:
            self._contents[named] = contents(self.root / named)
        return self._contents[named]

    def checksum(self) -> str:
        """Return a checksum over all paths and contents; lengths separate the parts."""
        digest = hashlib.sha256()
        for named, content in self._contents.items():
            for part in (str(named).encode(), content):
                digest.update(len(part).to_bytes(8, "big") + part)
        return f"sha256:{digest.hexdigest()}"
