"""Answer every error as `application/problem+json` (RFC 9457)."""

import json

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound

from translator.batching.queue import DeadlineError, QueueFullError
from translator.lifecycle import NotReadyError
from translator.observe.exchange import current_id
from translator.problems import CONTENT_TYPE, members


def register(app: Flask) -> None:
    """Turn whatever a route raises into a problem; Flask has logged the unexpected by then."""
    app.register_error_handler(HTTPException, _from_http_exception)
    app.register_error_handler(NotFound, _from_not_found)
    app.register_error_handler(InternalServerError, _from_the_unexpected)
    app.register_error_handler(NotReadyError, _from_busy)
    app.register_error_handler(QueueFullError, _from_busy)
    app.register_error_handler(DeadlineError, _from_deadline)


def problem(status: int, detail: str) -> Response:
    """Return the answer that says what went wrong."""
    body = json.dumps(members(status, detail), ensure_ascii=False)
    return Response(body, status, content_type=CONTENT_TYPE)


def _from_http_exception(exception: HTTPException) -> Response:
    response = problem(exception.code or 500, exception.description or "")
    for name, value in exception.get_headers():
        if not name.lower().startswith("content-"):
            response.headers.add(name, value)
    return response


def _from_not_found(_error: NotFound) -> Response:
    return problem(404, "There is nothing at this path; /docs lists what there is.")


def _from_the_unexpected(_error: InternalServerError) -> Response:
    name = current_id.get()
    where = f" The log has more under request {name}." if name else ""
    return problem(500, f"The service made a mistake; your request is not at fault.{where}")


def _from_busy(error: NotReadyError | QueueFullError) -> Response:
    response = problem(503, str(error))
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _from_deadline(error: DeadlineError) -> Response:
    return problem(504, str(error))
