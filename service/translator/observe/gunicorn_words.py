"""Takes out of gunicorn's messages what a caller has put in: header lines, query strings, bytes of bodies."""

import logging
import re
import sys

_LONGEST_ARGUMENT = 200

# gunicorn.workers.base.Worker.handle_error puts the offending line into the message itself.
_INVALID = re.compile(r"Invalid request from ip=(\S*): ")


class WithoutCallersWords(logging.Filter):
    """A filter that changes records and lets all pass; for the logger `gunicorn.error`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Exceptions are told by their type, URIs without their query."""
        if found := _INVALID.match(str(record.msg)):
            record.msg, record.args = "invalid request from %s: %s", (found[1], _being_handled())
        elif isinstance(record.args, tuple):
            record.args = tuple(_harmless(argument) for argument in record.args)
        return True


def _being_handled() -> str:
    kind = sys.exc_info()[0]
    return kind.__name__ if kind else "unknown"


def _harmless(argument: object) -> object:
    if isinstance(argument, BaseException):
        return type(argument).__name__
    return argument.partition("?")[0][:_LONGEST_ARGUMENT] if isinstance(argument, str) else argument
