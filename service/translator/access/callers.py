"""Tell who a caller is by the credential that was sent; import only the libraries that the settings need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from translator.access.credential import Credential, InvalidCredentialError
from translator.access.keys import ApiKeys
from translator.settings import Settings

if TYPE_CHECKING:  # each takes 60 ms to import, and many services have keys only
    from translator.access.quota import Quota
    from translator.access.tokens import Tokens

# The service takes no longer header field, but a body could bring more.
_LONGEST = 8190


@dataclass(frozen=True)
class Callers:
    """Those with an API key, those with a token, or nobody: then no credentials are asked for."""

    keys: ApiKeys
    tokens: Tokens | None

    @property
    def are_known(self) -> bool:
        """Whether anybody has a credential."""
        return bool(self.keys.hashes) or self.tokens is not None

    def identify(self, credential: Credential) -> str:
        """`key:NAME` or `sub:SUBJECT`; raises InvalidCredentialError.

        The two kinds have names of their own: a token's subject must not use up a key's quota.
        """
        if len(credential.value) > _LONGEST:
            raise InvalidCredentialError("The credential is too long.")
        name = self.keys.find(credential.value)
        return f"key:{name}" if name else f"sub:{self._subject(credential)}"

    def _subject(self, credential: Credential) -> str:
        if not (self.tokens and credential.is_bearer and self._may_be_token(credential.value)):
            raise InvalidCredentialError("The API key is unknown.")
        return self.tokens.subject(credential.value)

    def _may_be_token(self, value: str) -> bool:
        # Only for the words of the refusal: where there are keys, what lacks the two dots is a mistyped one.
        return value.count(".") == len(("header", "payload")) or not self.keys.hashes


def read_callers(settings: Settings) -> Callers:
    """Who may call; raises ValueError with a sentence that begins with the variable's name."""
    callers = Callers(ApiKeys.parse(settings.api_keys), _read_tokens(settings))
    if not (settings.open_status or callers.are_known):
        raise ValueError(
            "OPEN_STATUS is false, but nobody has a credential; set API_KEYS, JWT_SECRET or JWT_PUBLIC_KEY"
        )
    return callers


def read_quota(settings: Settings, callers: Callers) -> Quota | None:
    """Return how often each caller may call, or None; raises ValueError with a sentence about RATE_LIMIT."""
    if not settings.rate_limit:
        return None
    if not callers.are_known:
        raise ValueError(
            "RATE_LIMIT is set, but nobody has a credential, and requests are counted by caller; "
            "set API_KEYS, JWT_SECRET or JWT_PUBLIC_KEY"
        )
    from translator.access.quota import Quota  # 60 ms

    return Quota.parse(settings.rate_limit)


def _read_tokens(settings: Settings) -> Tokens | None:
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else ""
    if not (secret or settings.jwt_public_key):
        _refuse_claims_without_key(settings)
        return None
    from translator.access.tokens import (
        Tokens,  # 60 ms, with cryptography
        read_public_key,
        read_secret,
    )

    keys = [read_secret(secret)] if secret else []
    if settings.jwt_public_key:
        keys.append(read_public_key(settings.jwt_public_key))
    return Tokens(tuple(keys), settings.jwt_issuer or None, settings.jwt_audience or None)


def _refuse_claims_without_key(settings: Settings) -> None:
    for name in ("JWT_ISSUER", "JWT_AUDIENCE"):
        if getattr(settings, name.lower()):
            raise ValueError(
                f"{name} is set, but neither JWT_SECRET nor JWT_PUBLIC_KEY is, so no token could be verified"
            )
