"""Finds words that are out in product code and documents: `make lint` runs it.

    python tests/vocabulary.py [ROOT]

One line per finding, `file:line: "found"; write: better`, and exit code 1 if there is any. A phrase is found
across line ends too, in comments as well.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCOPE = ("deploy", "docs", "nginx", "README.md", "CONTRIBUTING.md", "Makefile")
SUFFIXES = (".py", ".sh", ".md", ".j2", ".yaml", ".yml", "")

# Regular expressions, and what to write instead. A space stands for any white space.
OUT = {
    r"anew": "again",
    r"so many": "the number, or leave it out",
    r"be it": "leave it out",
    r"whoever": "the user, the process, the holder; or a verb without a subject",
    r"tells? (?:whether|if)": "return whether, show whether",
    r"the release before(?! (?:it|its|the|an?|any|you|\w+ing)\b)": "the previous release",
    r"(?:a|another|same) hand": "someone, an outside edit",
    r"in company": "concurrently",
    r"lets? go of": "release",
    r"type the command again": "run the command again",
    r"cannot be believed": "cannot be trusted",
    r"mend(?:s|ed)?": "fix",
    r"take(?:s|n)? (?:traffic|it) back": "roll back, abort",
}

# Not rewritten yet: remove a line when its folder or file is done.
PENDING = (
    "deploy/relctl/cli",
    "docs",
)

_PATTERNS = {
    re.compile(rf"\b{out}\b".replace(" ", r"\s+(?:#\s+)?"), re.IGNORECASE): better
    for out, better in OUT.items()
}


def findings(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the words as found, and what to write instead, in order of the text."""
    found = ((match, better) for pattern, better in _PATTERNS.items() for match in pattern.finditer(text))
    for match, better in sorted(found, key=lambda each: each[0].start()):
        yield text.count("\n", 0, match.start()) + 1, " ".join(match[0].replace("#", " ").split()), better


def files(root: Path, pending: tuple[str, ...] = PENDING) -> Iterator[Path]:
    """Yield the files in scope below `root`, sorted, without those that are pending."""
    skipped = [root / each for each in pending]
    for place in (root / each for each in SCOPE):
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in SUFFIXES and path.is_file() and not {path, *path.parents} & {*skipped}:
                yield path


def check(root: Path, pending: tuple[str, ...] = PENDING) -> list[str]:
    """Return the findings of a project as lines."""
    return [
        f'{path.relative_to(root)}:{line}: "{words}"; write: {better}'
        for path in files(root, pending)
        for line, words, better in findings(path.read_text(encoding="utf-8"))
    ]


def main() -> None:
    """Print the findings; end with 1 if there are any."""
    found = check(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
    print("".join(f"{each}\n" for each in found), end="")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
