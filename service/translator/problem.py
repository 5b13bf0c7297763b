"""Answers every error as `application/problem+json` (RFC 9457)."""

import json
from http import HTTPStatus

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from translator.lifecycle import NotReadyError


def register(app: Flask) -> None:
    """Turns whatever a route raises into a problem; Flask has logged the unexpected by then."""
    app.register_error_handler(HTTPException, _from_http_exception)
    app.register_error_handler(NotReadyError, _from_not_ready)


def problem(status: int, detail: str) -> Response:
    """A problem without a type of its own; `error` repeats the sentence for simple clients."""
    members = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "error": detail,
    }
    body = json.dumps(members, ensure_ascii=False)
    return Response(body, status, content_type="application/problem+json")


def _from_http_exception(exception: HTTPException) -> Response:
    response = problem(exception.code or 500, exception.description or "")
    for name, value in exception.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _from_not_ready(error: NotReadyError) -> Response:
    response = problem(503, str(error))
    response.headers["Retry-After"] = "1"
    return response
