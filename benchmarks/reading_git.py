"""Measure ways to read HEAD's commit and whether the tree is clean, as every build does (ADR 4).

    python benchmarks/reading_git.py [--runs 30] [--repository .]

The last line of output is one JSON object. Times are in milliseconds, medians of runs in which the ways take
turns; `import_ms` is the time of importing GitPython, once a process.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from machine import machine

IMPORT = "import time; began = time.perf_counter(); import git; print(1000 * (time.perf_counter() - began))"
HEAD = ("rev-list", "--max-count=1", "--timestamp", "HEAD")
STATUS = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", ".")


def by_objects(root: Path) -> None:
    """Read with GitPython's objects, which read files of the repository themselves, and ask git."""
    import git

    with git.Repo(root) as repository:
        commit = repository.head.commit
        assert commit.hexsha
        assert commit.committed_date
        repository.is_dirty(untracked_files=True)


def by_commands(root: Path) -> None:
    """Read with GitPython's command object, as relctl does."""
    from relctl.source.git import Git

    for arguments in (HEAD, STATUS):
        Git(root).read(*arguments)


def by_program(root: Path) -> None:
    """Read with the program alone."""
    for arguments in (HEAD, STATUS):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


WAYS: dict[str, Callable[[Path], None]] = {
    "objects_ms": by_objects,
    "commands_ms": by_commands,
    "program_ms": by_program,
}


def importing() -> float:
    """Return the milliseconds of the import in a process of its own."""
    done = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True)
    return float(done.stdout)


def timed(way: Callable[[Path], None], root: Path) -> float:
    """Return the milliseconds of one reading."""
    began = time.perf_counter()
    way(root)
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--repository", type=Path, default=Path.cwd())
    options = parser.parse_args()
    for way in WAYS.values():
        way(options.repository)  # what is imported and cached by the first one counts for none
    found: dict[str, list[float]] = {name: [] for name in ("import_ms", *WAYS)}
    for _ in range(options.runs):
        found["import_ms"].append(importing())
        for name, way in WAYS.items():
            found[name].append(timed(way, options.repository))
    medians = {name: round(median(values), 1) for name, values in found.items()}
    print(json.dumps({"benchmark": "reading_git", "runs": options.runs, **medians, "machine": machine()}))


if __name__ == "__main__":
    main()
