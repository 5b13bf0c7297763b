"""Names the unit tests of what has changed: `make check` runs them.

Changed is what git sees between a commit (the argument) and the working tree, new files included. A room of
relctl or of the translator has its tests in a folder, or in files, of its name.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "tests" / "unit"
ALWAYS = ("test_imports.py", "test_documents.py")


def held_by(name: str) -> Iterator[Path]:
    """Yield the unit tests that hold a changed file, by its path in the project."""
    match PurePosixPath(name).parts:
        case ["deploy", "relctl", room, _, *_] if (UNIT / room).is_dir():
            yield UNIT / room
        case ["service", "translator", part, *_]:
            found = list((UNIT / "translator").glob(f"test_translator_{PurePosixPath(part).stem}*.py"))
            yield from found or [UNIT / "translator"]
        case ["tests", "unit", *_, file] if file.startswith("test_"):
            yield ROOT / name
        case ["tests", "unit", *folders, _]:
            yield UNIT.joinpath(*folders)
        case ["deploy" | "nginx" | "pipelines", *_] | ["benchmarks" | "tests", _]:
            yield UNIT
        case ["examples", *_]:
            yield UNIT / "test_examples.py"
        case ["docs", *_]:
            yield UNIT / "test_site.py"
        case ["README.md" | "README.zh-CN.md"]:
            yield UNIT / "test_readmes.py"
        case ["versions.yaml" | "pyproject.toml" | "constraints.txt"]:
            yield UNIT


def changed(since: str) -> list[str]:
    """Return the paths of changed and new files."""
    commands = (["diff", "--name-only", since], ["ls-files", "--others", "--exclude-standard"])
    listed = (subprocess.run(["git", *each], cwd=ROOT, check=True, capture_output=True) for each in commands)
    return [name for each in listed for name in each.stdout.decode().splitlines()]


def main() -> None:
    """Print the tests, one a line."""
    found = {path for name in changed(sys.argv[1]) for path in held_by(name) if path.exists()}
    whole = {path for path in found if not found & set(path.parents)}  # else a file runs twice
    for path in sorted(whole | {UNIT / name for name in ALWAYS if UNIT not in whole}):
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
