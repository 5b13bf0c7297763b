"""Writes logs as JSON, one object a line, on stderr."""

import logging
from datetime import UTC, datetime
from typing import Any, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS, merge_record_extra
from pythonjsonlogger.json import JsonFormatter

from translator.observe import exceptions, request_id

_LONGEST_MESSAGE = 1000
_LEFT_OUT = [*RESERVED_ATTRS, "color_message"]  # uvicorn's words again, for a terminal


# What no line says, and would be looked up for each (logging HOWTO, "Optimization").
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def configuration(level: str, release: str) -> dict[str, Any]:
    """A configuration for logging.config.dictConfig; `release` is the tag that every line names."""
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
        if current := request_id.current.get():
            log_data["request_id"] = current
        log_data["release"] = self._release
        if record.exc_info and record.exc_info[1]:
            log_data["exception"] = message_dict["exc_info"]
        merge_record_extra(record, log_data, _LEFT_OUT)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Instead of a traceback."""
        return exceptions.describe(ei[1]) if ei[1] is not None else ""


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes to stderr; where that is broken, lines are lost and requests are not."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say nothing: there is nowhere to say it, and logging would print the record's arguments."""
