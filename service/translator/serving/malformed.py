"""Answers what is not HTTP, which the application never sees: a problem, without the caller's words."""

import contextlib
import json
import socket
from http import HTTPStatus

from gunicorn.http import errors

from translator.problems import CONTENT_TYPE, members

_STATUS = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}
_WORDS = {
    HTTPStatus.BAD_REQUEST: "The request is not valid HTTP/1.1.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The request line is too long.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The header fields are too long, or too many.",
    HTTPStatus.EXPECTATION_FAILED: "The only expectation that is met is 100-continue.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The service made a mistake; your request is not at fault.",
}


def status_of(error: BaseException) -> HTTPStatus:
    """400 or its like for what gunicorn could not parse, 500 for everything else."""
    own = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
    if isinstance(error, own) or not isinstance(error, errors.ParseException):
        return HTTPStatus.INTERNAL_SERVER_ERROR
    return _STATUS.get(type(error), HTTPStatus.BAD_REQUEST)


def answer(client: socket.socket, status: HTTPStatus) -> None:
    """Sends the problem and says that the connection ends; whoever has gone already does not get it."""
    body = json.dumps(members(status, _WORDS[status]))
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {CONTENT_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with contextlib.suppress(OSError):
        client.sendall((head + body).encode("ascii"))
