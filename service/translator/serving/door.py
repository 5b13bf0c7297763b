"""The ASGI application: reads what is wanted, refuses what has no room, has threads do the rest."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from werkzeug.test import run_wsgi_app

from translator.lifecycle import Lifecycle, Phase
from translator.problems import CONTENT_TYPE, members
from translator.serving.body import Body, Message, Receive

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

# What needs the translator, and what is answered however busy the service is.
WORK = frozenset({"/translate", "/batch", "/v2/translate"})
_PROBES = frozenset({"/livez", "/readyz"})
_WITH_BODY = WORK | {"/v2/languages"}  # DeepL's client sends a form with its GET
# Set in the environment of work for which no thread is free: it is to be refused.
CROWDED = "translator.crowded"
LONGEST_LINE, LONGEST_FIELD, MOST_FIELDS = 4094, 8190, 100

_WORDS = {
    HTTPStatus.BAD_REQUEST: "The request is not valid HTTP/1.1.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The request line is too long.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The header fields are too long, or too many.",
    HTTPStatus.EXPECTATION_FAILED: "The only expectation that is met is 100-continue.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The service made a mistake; your request is not at fault.",
}
_log = logging.getLogger(__name__)
Headers = list[tuple[bytes, bytes]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes


def problem(status: HTTPStatus) -> Answer:
    """Return the answer to what the application must not see; it ends the connection."""
    body = json.dumps(members(status, _WORDS[status])).encode()
    fields = {"content-type": CONTENT_TYPE, "content-length": str(len(body)), "connection": "close"}
    return Answer(status, [(name.encode(), value.encode()) for name, value in fields.items()], body)


class Door:
    """Lets requests into `application`: `threads` at a time, and work only while the queue has room.

    A request takes a thread when its body is there, so slow senders hold none. Probes and refusals take none.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        lifecycle: Lifecycle,
        *,
        threads: int,
        body_bytes: int,
        on_malformed: Callable[[HTTPStatus], None],
    ) -> None:
        self._application = application
        self._lifecycle = lifecycle
        self._threads = ThreadPoolExecutor(threads, "request")
        self._most, self._in_hand = threads, 0
        self._body_bytes = body_bytes
        self._on_malformed = on_malformed

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; https://asgi.readthedocs.io/en/latest/specs/www.html says how."""
        body = Body(scope, receive)
        if status := _misfit(scope):
            self._on_malformed(status)
            answer = problem(status)
        else:
            answer = await self._try(scope, body)
        headers = list(answer.headers)
        if body.hides_the_next_request or self._lifecycle.phase is Phase.DRAINING:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": body.more})
        if body.more:
            await body.drop()
            await send({"type": "http.response.body"})

    async def _try(self, scope: Message, body: Body) -> Answer:
        try:
            return await self._answer(scope, body)
        except Exception:  # noqa: BLE001  it is logged, and must have an answer
            _log.exception("error handling a request")
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _answer(self, scope: Message, body: Body) -> Answer:
        environ = _environ(scope)
        if scope["path"] in _PROBES:
            return self._call(environ)
        is_work = scope["path"] in WORK and scope["method"] == "POST"
        if scope["path"] in _WITH_BODY and not (is_work and self._is_crowded()):
            await self._read(body)
            environ["wsgi.input"] = _input(body)
        if is_work and self._is_crowded():
            return self._call(environ | {CROWDED: True})
        self._in_hand += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._call, environ)
        finally:
            self._in_hand -= 1

    async def _read(self, body: Body) -> None:
        if (body.length or 0) <= self._body_bytes:  # else the application says that it is too long
            await body.read(self._body_bytes)

    def _is_crowded(self) -> bool:
        translator = self._lifecycle.translator
        return self._in_hand >= self._most or (translator is not None and translator.is_full)

    def _call(self, environ: "WSGIEnvironment") -> Answer:
        body, status, fields = run_wsgi_app(self._application, environ, buffered=True)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        return Answer(int(status[:3]), headers, b"".join(body))


def _misfit(scope: Message) -> HTTPStatus | None:
    fields: Headers = scope["headers"]
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_LINE:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if len(fields) > MOST_FIELDS or any(len(name) + len(value) > LONGEST_FIELD for name, value in fields):
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    if any(name == b"expect" and value.lower() != b"100-continue" for name, value in fields):
        return HTTPStatus.EXPECTATION_FAILED
    if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in fields):
        return HTTPStatus.BAD_REQUEST
    return None


def _input(body: Body) -> io.BytesIO:
    stream = io.BytesIO(body.data)
    if body.cut_off:
        stream.close()  # so that reading fails: the end of a body in chunks would be taken for its whole
    return stream


def _environ(scope: Message) -> "WSGIEnvironment":
    """Return what PEP 3333 calls the environment, without a body."""
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": "localhost",  # every request has a Host, or is of HTTP/1.0
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",  # it has gone already
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" in name:
            continue  # X_Key would pass for X-Key
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
