"""Verify JSON Web Tokens (who signed them, for whom, until when), and read the keys that this takes."""

from dataclasses import dataclass, field

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import InvalidKeyError
from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidSubjectError

from translator.access.credential import InvalidCredentialError

# RFC 7518, section 3.2: "A key of the same size as the hash output … or larger MUST be used".
_SHORTEST_SECRET = 32  # bytes
# RFC 7518, section 3.3: "A key of size 2048 bits or larger MUST be used".
_SHORTEST_RSA_KEY = 2048  # bits


@dataclass(frozen=True)
class SigningKey:
    """A key and the only algorithm it is used with.

    Were the algorithm left to the token, a forger could have the public key taken for an HS256 secret.
    """

    algorithm: str
    key: bytes | RSAPublicKey = field(repr=False)


def read_secret(secret: str) -> SigningKey:
    """Return the key for HS256; raises ValueError with a sentence about JWT_SECRET that does not quote it."""
    key = _encode(secret)
    length = len(secret.strip().encode())
    if length < _SHORTEST_SECRET:
        raise ValueError(
            f"JWT_SECRET is wrong: it has {length} bytes; at least {_SHORTEST_SECRET} are needed, and blanks "
            "at its ends do not count"
        )
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(key)
    except InvalidKeyError:
        raise ValueError(
            "JWT_SECRET is wrong: it is a key of a pair or a certificate, not a secret; a public key belongs "
            "into JWT_PUBLIC_KEY"
        ) from None
    return SigningKey("HS256", key)


def read_public_key(pem: str) -> SigningKey:
    r"""Return the key for RS256; raises ValueError with a sentence about JWT_PUBLIC_KEY.

    `\n` may stand for a line break, because a file of variables has no other spelling for one.
    """
    text = pem.replace("\\n", "\n")
    if "PRIVATE KEY" in text:
        raise ValueError(
            "JWT_PUBLIC_KEY is wrong: it is a private key. Whoever can read it can make tokens, so make a "
            "new pair, and put its public key here"
        )
    key = _load(text)
    if not isinstance(key, RSAPublicKey):  # an operator's mistake, not one of types
        raise ValueError("JWT_PUBLIC_KEY is wrong: it is no RSA key, and RS256 needs one")  # noqa: TRY004
    if key.key_size < _SHORTEST_RSA_KEY:
        raise ValueError(
            f"JWT_PUBLIC_KEY is wrong: it has {key.key_size} bits; at least {_SHORTEST_RSA_KEY} are needed"
        )
    return SigningKey("RS256", key)


def _encode(secret: str) -> bytes:
    try:
        return secret.encode()
    except UnicodeEncodeError:  # Python reads such bytes of the environment as lone surrogates
        raise ValueError(
            "JWT_SECRET is wrong: it is not UTF-8; random bytes belong there in base64, as "
            "`openssl rand -base64 32` prints them"
        ) from None


def _load(pem: str) -> object:
    try:
        return load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(
            "JWT_PUBLIC_KEY is wrong: it is not a public key in PEM, which begins with the line "
            r"-----BEGIN PUBLIC KEY-----; in a single line, write \n for the line breaks"
        ) from None


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
        """Return whom the token speaks for, 1 to 255 printable characters; raises InvalidCredentialError."""
        for key in self.keys:
            try:
                return self._subject(self._claims(token, key))
            except jwt.InvalidAlgorithmError:
                continue
            except jwt.PyJWTError as error:
                raise InvalidCredentialError(_explain(error)) from None
        accepted = " or ".join(key.algorithm for key in self.keys)
        raise InvalidCredentialError(f"The token must be signed with {accepted}.")

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
            raise InvalidCredentialError(_OTHER_AUDIENCE)
        subject = str(claims["sub"])
        # It becomes a key in memory and a word in the log.
        if not (0 < len(subject) <= _LONGEST_SUBJECT and subject.isprintable()):
            raise InvalidCredentialError(
                f"The token's sub must be 1 to {_LONGEST_SUBJECT} printable characters."
            )
        return subject


def _explain(error: jwt.PyJWTError) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"The token has no {error.claim}."  # exp, sub, iss or aud
    return next(words for kind, words in _WORDS if isinstance(error, kind))
