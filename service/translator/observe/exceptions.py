"""Tells an exception on one line, and never in its own words: they may quote what a caller sent."""

import errno
import traceback
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_LONGEST_CHAIN = 4


def describe(error: BaseException) -> str:
    """Type and place, then those of what led to it: `ValueError at body/payload.py:41 in read, from …`.

    The place is where it was raised; if that is a library, the last line of the service comes before it.
    """
    described = [_describe_one(error)]
    while (cause := _cause(error)) is not None and len(described) < _LONGEST_CHAIN:
        described.append(_describe_one(cause))
        error = cause
    return ", from ".join(described)


def _describe_one(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        name += f" {errno.errorcode.get(error.errno, error.errno)}"
    # Not extract_tb(), which reads the source of every frame: a RecursionError has a thousand.
    frames = [(Path(frame.f_code.co_filename), line, frame.f_code.co_name)
              for frame, line in traceback.walk_tb(error.__traceback__)]  # fmt: skip
    own = [frame for frame in frames if frame[0].is_relative_to(_PACKAGE)]
    places = dict.fromkeys([*own[-1:], *frames[-1:]])
    return " at ".join([name, *(f"{_short(path)}:{line} in {function}" for path, line, function in places)])


def _short(path: Path) -> Path:
    return path.relative_to(_PACKAGE) if path.is_relative_to(_PACKAGE) else Path(*path.parts[-2:])


def _cause(error: BaseException) -> BaseException | None:
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)
