"""Watch every request from outside the application: its id, its time, its count, its line in the log."""

import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, request
from flask.globals import app_ctx

from translator.observe.exchange import Exchange, current_id
from translator.observe.metrics import Metrics

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_LONGEST_PATH = 200
_LONGEST_WORD = 255

# Asked for every few seconds; their lines would bury the others.
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})

_log = logging.getLogger("translator.access")


def log_access(exchange: Exchange, seconds: float) -> None:
    """Write one line at level info; at level debug for what is asked all the time."""
    level = logging.DEBUG if exchange.route in _QUIET else logging.INFO
    if _log.isEnabledFor(level):
        method = exchange.method[:_LONGEST_WORD]
        fields = {"method": method} | _fields(exchange, seconds)
        _log.log(level, "%s %s %d", method, exchange.route, exchange.status, extra=fields)


def _fields(exchange: Exchange, seconds: float) -> dict[str, object]:
    fields: dict[str, object] = {
        "route": exchange.route,
        "path": _path(exchange),
        "status": exchange.status,
        "duration_ms": round(1000 * seconds, 2),
        "bytes": exchange.length or 0,
    }
    if (characters := exchange.note("characters")) is not None:
        fields["characters"] = int(characters)
    if (caller := exchange.note("caller")) is not None:
        fields["caller"] = str(caller)[:_LONGEST_WORD]
    return fields


def _path(exchange: Exchange) -> str:
    return exchange.path.encode("latin-1", "replace").decode("utf-8", "replace")[:_LONGEST_PATH]


_EXCHANGE = "translator.exchange"


def register(app: Flask, metrics: Metrics, access_log: bool) -> None:
    """Watch all that `app` answers. Call it before anything that may answer before a route does.

    `flask.g.caller` and `flask.g.characters`, where the application sets them, come into the log.
    """
    app.wsgi_app = _Watched(app.wsgi_app, metrics, access_log)  # type: ignore[method-assign]

    @app.before_request
    def remember() -> None:
        exchange = request.environ.get(_EXCHANGE)
        if exchange is not None:
            exchange.notes = app_ctx.g
            if request.url_rule is not None:
                exchange.route = request.url_rule.rule


def name_route(environ: "WSGIEnvironment", route: str) -> None:
    """Count the request as one of `route`, where Flask does not get to see it."""
    exchange = environ.get(_EXCHANGE)
    if exchange is not None:
        exchange.route = route


class _Watched:
    """A WSGI application. Not hooks of Flask: one that raises keeps Flask from calling the others."""

    def __init__(self, application: "WSGIApplication", metrics: Metrics, access_log: bool) -> None:
        self._application = application
        self._metrics = metrics
        self._access_log = access_log

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Count an answer before it is sent, so that a client that has it finds it counted."""
        exchange = Exchange.of(environ)
        environ[_EXCHANGE] = exchange
        current_id.set(exchange.request_id)
        self._metrics.in_flight.inc()
        try:
            return self._application(environ, exchange.starting(start_response))
        finally:
            self._end(exchange)

    def _end(self, exchange: Exchange) -> None:
        seconds = time.perf_counter() - exchange.started
        self._metrics.in_flight.dec()
        self._metrics.request(exchange.route, exchange.method, exchange.status, seconds)
        if self._access_log:
            log_access(exchange, seconds)
        current_id.set("")
