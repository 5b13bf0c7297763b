"""Find the credential of a request in the places where it may stand, and say why one is refused."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import BadRequest, Unauthorized

from translator.body import Limits, is_form, read_body

_CHALLENGE = 'Bearer realm="translator"'


class MissingCredentialError(Unauthorized):
    """A request without any credential: 401, and the challenge names no error (RFC 6750, section 3.1)."""

    description = (
        'A credential is needed: send "Authorization: Bearer" with an API key or a token, or "X-API-Key" '
        "with an API key."
    )
    challenge = _CHALLENGE

    # Werkzeug's own way to set the header leaves out the quotation marks, which RFC 9110 wants for a realm.
    def get_headers(self, *arguments: Any, **named: Any) -> list[tuple[str, str]]:
        return [*super().get_headers(*arguments, **named), ("WWW-Authenticate", self.challenge)]


class InvalidCredentialError(MissingCredentialError):
    """A request with a credential that is worth nothing: 401, and the challenge says why.

    `words` stand in the header as well, so they must be ASCII without quotation marks and backslashes.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.challenge = f'{_CHALLENGE}, error="invalid_token", error_description="{words}"'


# The member of a body that LibreTranslate's clients send their key in.
_MEMBER = "api_key"
_BODY_RULE = "/translate"
# Names that mean nothing else, and names that mean something else to a service without credentials.
UNMISTAKABLE = frozenset({"access_token", "api-key", "api_key", "apikey", "auth_key", "x-api-key"})
LIKELY = frozenset({"key", "token"})


@dataclass(frozen=True)
class Credential:
    """What was sent, unverified; only a bearer may be a token, an API key may stand anywhere."""

    value: str
    is_bearer: bool = False


def refuse_in_query(request: Request, names: frozenset[str]) -> None:
    """Raise BadRequest when the query string has a credential: logs and browsers keep query strings."""
    found = sorted(names.intersection(name.lower() for name in request.args))
    if found:
        raise BadRequest(
            f'"{found[0]}" does not belong into the query string, which logs keep. Send a credential in the '
            "header Authorization or X-API-Key; one that was sent this way should be replaced."
        )


def find_credential(request: Request, limits: Limits) -> Credential | None:
    """Return the one credential of a request, or None.

    Raises BadRequest when two differ. Only when no header has one is the body read, and kept for the route;
    then it raises BadRequest or RequestEntityTooLarge for a body that cannot be read.
    """
    found = [each for each in (_authorization(request), _header_key(request)) if each]
    if len({each.value for each in found}) > 1:
        raise BadRequest("The headers Authorization and X-API-Key have different credentials; send one.")
    return found[0] if found else _body_key(request, limits)


def _authorization(request: Request) -> Credential | None:
    scheme, _, value = request.headers.get("Authorization", "").strip().partition(" ")
    # Another scheme, such as Basic, is for a proxy in front of this service.
    if scheme.lower() not in ("bearer", "deepl-auth-key") or not value.strip():
        return None
    return Credential(value.strip(), is_bearer=scheme.lower() == "bearer")


def _header_key(request: Request) -> Credential | None:
    value = request.headers.get("X-API-Key", "").strip()
    return Credential(value) if value else None


def _body_key(request: Request, limits: Limits) -> Credential | None:
    if request.method != "POST" or request.url_rule is None or request.url_rule.rule != _BODY_RULE:
        return None
    value = _member(request, limits)
    if not (value is None or isinstance(value, str)):
        raise BadRequest(f'"{_MEMBER}" must be a string.')
    return Credential(value) if value else None


def _member(request: Request, limits: Limits) -> object:
    if not (request.is_json or is_form(request)):
        return None
    body = read_body(request, limits)  # the route reads it again
    if _MEMBER.encode() not in body:
        return None
    try:
        document = json.loads(body) if request.is_json else _parse_form(body, limits)
    except (ValueError, RecursionError):
        return None  # what is wrong with the body is for the route to say, and only to callers it knows
    return document.get(_MEMBER) if isinstance(document, dict) else None


def _parse_form(body: bytes, limits: Limits) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), max_num_fields=limits.form_fields))
