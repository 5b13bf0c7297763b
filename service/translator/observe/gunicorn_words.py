"""Takes out of gunicorn's messages what a caller has put in: header lines, query strings, bytes of bodies."""

import logging

_LONGEST_ARGUMENT = 200


class WithoutCallersWords(logging.Filter):
    """A filter that changes records and lets all pass; for the logger `gunicorn.error`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Exceptions are told by their type, URIs without their query."""
        if isinstance(record.args, tuple):
            record.args = tuple(_harmless(argument) for argument in record.args)
        return True


def _harmless(argument: object) -> object:
    if isinstance(argument, BaseException):
        return type(argument).__name__
    return argument.partition("?")[0][:_LONGEST_ARGUMENT] if isinstance(argument, str) else argument
