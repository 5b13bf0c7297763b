"""A repository that holds one commit, whose id begins with what tests call releases by: abc12de."""

import hashlib
import zlib
from pathlib import Path

_WHO = "Test <test@example.invalid> 1767225600 +0000"
_TEXT = f"""\
tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
author {_WHO}
committer {_WHO}

Release 0132397636
"""  # the number was looked for until the id began so
_OBJECT = f"commit {len(_TEXT)}\0{_TEXT}".encode()
COMMIT = hashlib.sha1(_OBJECT, usedforsecurity=False).hexdigest()


def make_repository(root: Path) -> None:
    """Write what `git init` and a commit write, without the time that the programs take."""
    folder = root / ".git"
    (folder / "objects" / COMMIT[:2]).mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "objects" / COMMIT[:2] / COMMIT[2:]).write_bytes(zlib.compress(_OBJECT))
