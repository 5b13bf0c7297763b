"""Counts relctl's modules and lines by room, and what a promote runs through.

    python benchmarks/house.py

Reading comes before every change. A promote without observation, of a release that replaces
the standby, is run once on the tests' engine in memory, with a real Nginx; every function of relctl that
it enters is counted. The last line is one JSON object; the exit code is 1 when folders import each other in a
circle or a promote enters more files than its limit.
"""

import ast
import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from scratch import ROOT

RELCTL = ROOT / "deploy" / "relctl"
FILES_LIMIT = 55  # lower it when a promote enters fewer; it was 79 on 29 November 2026


def rooms(root: Path = RELCTL) -> dict[str, dict[str, int]]:
    """Return the modules and lines of each room; those at the top are the room ""."""
    modules, lines = Counter[str](), Counter[str]()
    for path in root.rglob("*.py"):
        if path.name != "__init__.py":
            room = path.relative_to(root).parts[0] if path.parent != root else ""
            modules[room] += 1
            lines[room] += len(path.read_text(encoding="utf-8").splitlines())
    return {room: {"modules": modules[room], "lines": lines[room]} for room in sorted(modules)}


def circles(root: Path = RELCTL) -> list[str]:
    """Return the folders that import themselves through another one, sorted."""
    below = {str(path.parent.relative_to(root)): set[str]() for path in root.rglob("*.py")}
    for path in root.rglob("*.py"):
        folder = str(path.parent.relative_to(root))
        below[folder] |= {found for found in _imported(path, root) if found not in (folder, ".")}
    return sorted(folder for folder in below if folder in _reachable(folder, below))


def _imported(path: Path, root: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("relctl."):
            found = root.joinpath(*node.module.split(".")[1:])
            yield str((found if found.is_dir() else found.parent).relative_to(root))


def _reachable(start: str, below: dict[str, set[str]]) -> set[str]:
    found, ahead = set[str](), [start]
    while ahead:
        fresh = below.get(ahead.pop(), set()) - found
        found |= fresh
        ahead += fresh
    return found


class Trace:
    """The functions of relctl entered while `counted` runs, and how often the file changed."""

    def __init__(self) -> None:
        self.functions: Counter[tuple[str, str]] = Counter()
        self.changes = 0
        self._file = ""

    @property
    def files(self) -> list[str]:
        """Return the files entered, below relctl, sorted."""
        return sorted({file for file, _ in self.functions})

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count until the block ends."""
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def _note(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(f"{RELCTL}/") or code.co_name == "<module>":
            return
        file = code.co_filename.removeprefix(f"{RELCTL}/")
        if "<" not in code.co_name:  # a comprehension or lambda is part of its function
            self.functions[file, code.co_qualname] += 1
        self.changes += file != self._file
        self._file = file


def promote_counted() -> Trace:
    """Promote a third release over two, and count what that runs through."""
    sys.path.append(str(ROOT / "tests"))
    from hosts import bench
    from relctl.rollout.promote import promote

    trace = Trace()
    with bench() as made:
        for version in ("1.0.0", "1.1.0"):
            promote(made.host, made.proved(version))
        third = made.proved("1.2.0")
        with trace.counted():
            promote(made.host, third)
    return trace


def main() -> int:
    """Count everything and print it."""
    found, trace, circular = rooms(), promote_counted(), circles()
    print(*trace.files, sep="\n")
    counted = {
        "files": len(trace.files),
        "files_of_rollout": sum(file.startswith("rollout/") for file in trace.files),
        "functions": len(trace.functions),
        "changes": trace.changes,
        "limit": FILES_LIMIT,
    }
    total = {name: sum(each[name] for each in found.values()) for name in ("modules", "lines")}
    print(
        json.dumps({"benchmark": "house", "rooms": found, **total, "circles": circular, "promote": counted})
    )
    return 0 if not circular and counted["files"] <= FILES_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
