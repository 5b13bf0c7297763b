"""Verifies JSON Web Tokens: who signed them, for whom, until when."""

from dataclasses import dataclass

import jwt
from jwt.exceptions import InvalidSubjectError

from translator.access.errors import TokenError
from translator.access.signing import SigningKey

# Seconds by which the issuer's clock may differ from this one.
LEEWAY = 10
# OpenID Connect Core 1.0, section 2: "It MUST NOT exceed 255 ASCII characters in length".
_LONGEST_SUBJECT = 255

_OTHER_AUDIENCE = "The token is for another audience."

# The first that fits counts. They stand in a header too, so they must do without quotation marks.
_WORDS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "The token has expired."),
    (jwt.ImmatureSignatureError, "The token is not valid yet."),
    (jwt.InvalidSignatureError, "The token's signature is wrong."),
    (jwt.InvalidIssuerError, "The token is from another issuer."),
    (jwt.InvalidAudienceError, _OTHER_AUDIENCE),
    (InvalidSubjectError, "The token's sub is not text."),
    (jwt.PyJWTError, "The token is malformed."),
)


@dataclass(frozen=True)
class Tokens:
    """The keys that tokens may be signed with, and the issuer and audience they must name, if any."""

    keys: tuple[SigningKey, ...]
    issuer: str | None
    audience: str | None

    def subject(self, token: str) -> str:
        """Whom the token speaks for, 1 to 255 printable characters; raises TokenError."""
        for key in self.keys:
            try:
                return self._subject(self._claims(token, key))
            except jwt.InvalidAlgorithmError:
                continue
            except jwt.PyJWTError as error:
                raise TokenError(_explain(error)) from None
        accepted = " or ".join(key.algorithm for key in self.keys)
        raise TokenError(f"The token must be signed with {accepted}.")

    def _claims(self, token: str, key: SigningKey) -> dict[str, object]:
        return jwt.decode(
            token.encode(errors="replace"),
            key.key,
            algorithms=[key.algorithm],
            audience=self.audience,
            issuer=self.issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "sub"]},
        )

    def _subject(self, claims: dict[str, object]) -> str:
        # RFC 7519, section 4.1.3: it is for somebody else. PyJWT lets an empty audience pass.
        if self.audience is None and "aud" in claims:
            raise TokenError(_OTHER_AUDIENCE)
        subject = str(claims["sub"])
        # It becomes a key in memory and a word in the log.
        if not (0 < len(subject) <= _LONGEST_SUBJECT and subject.isprintable()):
            raise TokenError(f"The token's sub must be 1 to {_LONGEST_SUBJECT} printable characters.")
        return subject


def _explain(error: jwt.PyJWTError) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"The token has no {error.claim}."  # exp, sub, iss or aud
    return next(words for kind, words in _WORDS if isinstance(error, kind))
