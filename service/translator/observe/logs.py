"""Write logs as JSON, one object a line, on stderr; never in words that a caller sent."""

import errno
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS, merge_record_extra
from pythonjsonlogger.json import JsonFormatter

from translator.observe.exchange import current_id

_PACKAGE = Path(__file__).parents[1]
_LONGEST_CHAIN = 4


def describe(error: BaseException) -> str:
    """Type and place, then those of what led to it: `ValueError at body.py:92 in read, from …`.

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


_LONGEST_MESSAGE = 1000
_LEFT_OUT = [*RESERVED_ATTRS, "color_message"]  # uvicorn's words again, for a terminal


# What no line says, and would be looked up for each (logging HOWTO, "Optimization").
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def configuration(level: str, release: str) -> dict[str, Any]:
    """Return a configuration for logging.config.dictConfig; `release` is the tag that every line names."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": LineFormatter, "release": release}},
        "handlers": {"stderr": {"()": LineHandler, "formatter": "json"}},
        "root": {"level": level.upper(), "handlers": ["stderr"]},
    }


class LineFormatter(JsonFormatter):
    """One line of ASCII a record, so nothing in a record can end the line or steer a terminal."""

    def __init__(self, release: str) -> None:
        super().__init__()
        self._release = release

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Who, when and what; then what the record was given as `extra`."""
        moment = datetime.fromtimestamp(record.created, UTC)
        log_data["time"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        log_data["message"] = record.message[:_LONGEST_MESSAGE]
        if current := current_id.get():
            log_data["request_id"] = current
        log_data["release"] = self._release
        if record.exc_info and record.exc_info[1]:
            log_data["exception"] = message_dict["exc_info"]
        merge_record_extra(record, log_data, _LEFT_OUT)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Instead of a traceback."""
        return describe(ei[1]) if ei[1] is not None else ""


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes to stderr; where that is broken, lines are lost and requests are not."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say nothing: there is nowhere to say it, and logging would print the record's arguments."""
