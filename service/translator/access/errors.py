"""Why a credential does not open the door."""

from typing import Any

from werkzeug.exceptions import Unauthorized

_CHALLENGE = 'Bearer realm="translator"'


class TokenError(Exception):
    """A token cannot be believed; the message says why, and quotes nothing of it."""


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
