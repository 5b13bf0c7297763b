"""Says which routes are open to everyone, which are for monitoring, and which do work."""

from enum import Enum


class Room(Enum):
    """What a route is there for; whatever is not known to be anything else does work."""

    OPEN = "open"
    STATUS = "status"
    WORK = "work"


# An orchestrator's probes have no credentials, and a page that nobody can load asks for none.
_OPEN = frozenset({"/", "/livez", "/readyz", "/docs", "/openapi.json", "/languages"})
_ASSETS = "/assets/"
_STATUS = frozenset({"/metrics", "/healthz", "/version"})


def room(rule: str) -> Room:
    """The room of a route, by the rule it is registered under, such as `/assets/<path:filename>`."""
    if rule in _OPEN or rule.startswith(_ASSETS):
        return Room.OPEN
    return Room.STATUS if rule in _STATUS else Room.WORK
