"""Let requests with a good credential pass, within their caller's limits, and refuse the others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from flask import Flask, Response, g, request
from werkzeug.exceptions import Forbidden, TooManyRequests

from translator.access.callers import Callers, read_callers, read_quota
from translator.access.credential import (
    LIKELY,
    UNMISTAKABLE,
    MissingCredentialError,
    find_credential,
    refuse_in_query,
)
from translator.body import Limits
from translator.settings import Settings, SettingsError

if TYPE_CHECKING:  # it is imported where there is a limit
    from translator.access.quota import Quota


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
    """Return the room of a route, by the rule it is registered under, such as `/assets/<path:filename>`."""
    if rule in _OPEN or rule.startswith(_ASSETS):
        return Room.OPEN
    return Room.STATUS if rule in _STATUS else Room.WORK


def refusal(rule: str) -> HTTPStatus:
    """Return the status of a route for credentials that are missing or worthless: 401, or DeepL's 403.

    DeepL's clients blame the key for a 403; a 401 they only call unexpected.
    """
    return HTTPStatus.FORBIDDEN if rule.startswith(_DEEPL) else HTTPStatus.UNAUTHORIZED


@dataclass(frozen=True)
class Guard:
    """Who may call and how often, whether monitoring needs a credential too, how long a body may be."""

    callers: Callers
    quota: Quota | None
    open_status: bool
    limits: Limits

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Raise SettingsError with a sentence that begins with the variable's name and holds no secret."""
        try:
            callers = read_callers(settings)
            quota = read_quota(settings, callers)
        except ValueError as error:
            raise SettingsError(str(error)) from None
        return cls(callers, quota, settings.open_status, Limits.from_settings(settings))

    def admit(self) -> None:
        """Let the current request pass, or raise the HTTPException that refuses it.

        `g.caller` is then who calls, for the log; it is not set where nobody was asked.
        """
        # An unknown path is answered with 404, and OPTIONS tells no more than the documentation.
        if request.url_rule is None or request.method == "OPTIONS":
            return
        place = self.room(request.url_rule.rule)
        if place is Room.OPEN:
            return
        refuse_in_query(request, UNMISTAKABLE | LIKELY if self.callers.are_known else UNMISTAKABLE)
        if not self.callers.are_known:
            return
        g.caller = self._ask()
        # A monitor must neither be refused for its pace nor use up a caller's.
        if self.quota and place is Room.WORK:
            self._count(self.quota, g.caller)

    def room(self, rule: str) -> Room:
        """Return the room of a route under these settings."""
        place = room(rule)
        return Room.OPEN if place is Room.STATUS and self.open_status else place

    def _ask(self) -> str:
        try:
            return self._caller()
        except MissingCredentialError as error:
            if request.url_rule and refusal(request.url_rule.rule) is HTTPStatus.FORBIDDEN:
                # Without the challenge: that belongs to a 401 (RFC 9110, section 15.5.2).
                raise Forbidden(error.description) from None
            raise

    def _caller(self) -> str:
        credential = find_credential(request, self.limits)
        if credential is None:
            raise MissingCredentialError
        return self.callers.identify(credential)

    def _count(self, quota: Quota, caller: str) -> None:
        g.standing = standing = quota.take(caller)
        if standing.refusal:
            raise TooManyRequests(standing.refusal, retry_after=standing.retry_after)


def register(app: Flask, guard: Guard) -> None:
    """Have `guard` look at every request before its route does; refusals are werkzeug's HTTPExceptions."""
    app.before_request(guard.admit)
    app.after_request(_add_limits)


def _add_limits(response: Response) -> Response:
    # https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10
    if "standing" in g:
        response.headers["RateLimit-Policy"] = g.standing.policy
        response.headers["RateLimit"] = g.standing.left
    return response
