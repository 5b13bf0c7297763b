"""Refuses work while there is no room for it, before Flask has begun to look at the request.

Under overload most requests end like this, and each must cost little: with Flask's share of it, a
service at twice its capacity spends its time on saying no.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from translator.api.problem import busy
from translator.batching.errors import QueueFullError
from translator.lifecycle import Lifecycle
from translator.observe.requests import name_route
from translator.serving.crowd import WORK, crowded

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


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
                self._require_room()
            except QueueFullError as error:
                name_route(environ, path)
                response = busy(error)
                response.headers.update(self._headers)
                return response(environ, start_response)
        return self._application(environ, start_response)

    def _require_room(self) -> None:
        if translator := self._lifecycle.translator:
            translator.require_room(crowded=crowded.get())
        elif crowded.get():
            raise QueueFullError(1)
