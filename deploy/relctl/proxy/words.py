"""Format quantities, words and names for Nginx's configuration."""

import itertools
import re

_SIZES = ((1024**2, "m", "MiB"), (1024, "k", "KiB"), (1, "", "bytes"))


def duration(seconds: float) -> str:
    """Return a duration, in milliseconds where seconds are too coarse."""
    return f"{round(seconds)}s" if seconds == round(seconds) else f"{max(round(seconds * 1000), 1)}ms"


def size(count: int) -> str:
    """Return a number of bytes in the largest unit that divides it."""
    number, unit, _ = _in_units(count)
    return f"{number}{unit}"


def mebibytes(count: int) -> str:
    """Return a number of bytes for people to read."""
    number, _, unit = _in_units(count)
    return f"{number} {unit}"


def word(text: str) -> str:
    """Return any text as one word of a map, where `$` has no meaning."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(text: str) -> str:
    """Return a regular expression that matches just this text."""
    return re.escape(text)


def disguises(name: str) -> list[str]:
    """Return the spellings of a header's name that WSGI and CGI do not distinguish from it.

    They turn hyphens into underscores, and Nginx forwards a header under each name.
    """
    parts = name.split("-")
    joints = list(itertools.product("-_", repeat=len(parts) - 1))[1:]
    return ["".join(itertools.chain(*zip(parts, (*joint, ""), strict=True))) for joint in joints]


def _in_units(count: int) -> tuple[int, str, str]:
    return next((count // each, short, long) for each, short, long in _SIZES if count % each == 0)
