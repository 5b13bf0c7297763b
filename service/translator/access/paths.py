"""Says which routes are open to everyone, and how the others refuse."""

from enum import Enum
from http import HTTPStatus


class Room(Enum):
    """What a route is there for; whatever is not known to be anything else does work."""

    OPEN = "open"
    STATUS = "status"
    WORK = "work"


# An orchestrator's probes have no credentials, and a page that nobody can load asks for none.
_OPEN = frozenset({"/", "/livez", "/readyz", "/docs", "/openapi.json", "/languages"})
_ASSETS = "/assets/"
_STATUS = frozenset({"/metrics", "/healthz", "/version"})
_DEEPL = "/v2/"


def room(rule: str) -> Room:
    """The room of a route, by the rule it is registered under, such as `/assets/<path:filename>`."""
    if rule in _OPEN or rule.startswith(_ASSETS):
        return Room.OPEN
    return Room.STATUS if rule in _STATUS else Room.WORK


def refusal(rule: str) -> HTTPStatus:
    """The status of a route for credentials that are missing or worthless: 401, or DeepL's 403.

    DeepL's clients blame the key for a 403; a 401 they only call unexpected.
    """
    return HTTPStatus.FORBIDDEN if rule.startswith(_DEEPL) else HTTPStatus.UNAUTHORIZED
