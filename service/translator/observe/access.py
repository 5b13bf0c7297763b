"""Writes a line for every request, without anything of its text or its credentials."""

import logging

from translator.observe.exchange import Exchange

_LONGEST_PATH = 200
_LONGEST_WORD = 255

# Asked for every few seconds; their lines would bury the others.
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})

_log = logging.getLogger("translator.access")


def log(exchange: Exchange, seconds: float) -> None:
    """One line at level info; at level debug for what is asked all the time."""
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
