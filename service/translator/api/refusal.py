"""Refuses work while there is no room for it, before Flask has begun to look at the request.

Under overload most requests end like this, and each must cost little: with Flask's share of it, a
service at twice its capacity spends its time on saying no.
"""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from translator.batching.queue import QueueFullError
from translator.lifecycle import Lifecycle
from translator.observe.requests import name_route
from translator.problems import CONTENT_TYPE, members
from translator.serving.door import CROWDED, WORK

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


_BUSY = f"{HTTPStatus.SERVICE_UNAVAILABLE.value} {HTTPStatus.SERVICE_UNAVAILABLE.phrase}"


class Refusing:
    """A WSGI application that lets everything through but work for which there is no room."""

    def __init__(
        self, application: "WSGIApplication", lifecycle: Lifecycle, headers: Mapping[str, str]
    ) -> None:
        """`headers`: those that all answers have."""
        self._application = application
        self._lifecycle = lifecycle
        self._headers = headers

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """The application's answer, or a 503 with `Retry-After`."""
        path = environ.get("PATH_INFO", "")
        if path in WORK and environ["REQUEST_METHOD"] == "POST":
            try:
                self._require_room(crowded=CROWDED in environ)
            except QueueFullError as error:
                name_route(environ, path)
                return self._refuse(error, start_response)
        return self._application(environ, start_response)

    def _refuse(self, error: QueueFullError, start_response: "StartResponse") -> Iterable[bytes]:
        """What api.problem answers to the same error; making a Response for it costs a fifth of all."""
        body = json.dumps(members(HTTPStatus.SERVICE_UNAVAILABLE, str(error))).encode()
        own = {
            "Content-Type": CONTENT_TYPE,
            "Content-Length": str(len(body)),
            "Retry-After": str(error.retry_after),
        }
        start_response(_BUSY, [*own.items(), *self._headers.items()])
        return [body]

    def _require_room(self, *, crowded: bool) -> None:
        if translator := self._lifecycle.translator:
            translator.require_room(crowded=crowded)
        elif crowded:
            raise QueueFullError(1)
